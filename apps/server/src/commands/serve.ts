import { type Command, Option } from 'commander'
import { addCommand } from '../cli/command.ts'
import type { Io } from '../cli/io.ts'
import { wholeNumber } from '../cli/numbers.ts'
import { dataOption, portOption } from '../cli/server-options.ts'
import type { ServeOptions } from '../serve.ts'

/** `serve`: API, console and a worker in one process, until it is interrupted. */
export function addServeCommand(program: Command, io: Io): void {
  addCommand(program, 'serve', 'serve the API and the console, and run the jobs')
    .addOption(dataOption())
    .addOption(portOption())
    .option(
      '--host <address>',
      'address to listen on; one that others reach needs SPOREPRINT_TOKEN and --root',
      '127.0.0.1',
    )
    .option('--no-worker', 'only serve; jobs wait for a `sporeprint worker` on the same DATABASE_URL')
    .option('--demo', 'at the first start, bring in the demo images and train on them')
    .option('--root <dir...>', 'folders that datasets and weights must lie under (default: any)')
    .addOption(
      new Option('--keep-uploads <hours>', 'how long to keep an uploaded image that no prediction or explanation shows')
        .default(24)
        .argParser(wholeNumber(1, 100_000)),
    )
    .option('--allowed-host <name...>', 'further host names by which requests may address the server')
    .option('--embed-origin <origin...>', 'origins that may show /embed in a frame')
    .action(async (options: ServeOptions) => (await import('../serve.ts')).serve(io, options))
}
