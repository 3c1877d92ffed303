import { type Command, Option } from 'commander'
import { addCommand } from '../cli/command.ts'
import type { Io } from '../cli/io.ts'
import { concurrencyOption, dataOption } from '../cli/server-options.ts'
import type { WorkOptions } from '../work.ts'

/** `worker`: takes jobs that a server has queued on PostgreSQL, until it is interrupted. */
export function addWorkerCommand(program: Command, io: Io): void {
  addCommand(program, 'worker', 'take jobs from the PostgreSQL database that DATABASE_URL names')
    .addOption(dataOption())
    .addOption(concurrencyOption())
    .addOption(new Option('--queues <name...>', 'which jobs to take').choices(['train']).default(['train']))
    .action(async (options: WorkOptions) => (await import('../work.ts')).work(io, options))
}
