import type { RunRateFinding } from '@sporeprint/engine/node'
import { type Command, Option } from 'commander'
import { addCommand } from '../cli/command.ts'
import { UsageError } from '../cli/errors.ts'
import type { Io } from '../cli/io.ts'
import { realNumber, wholeNumber } from '../cli/numbers.ts'
import { stoppable } from '../cli/stoppable.ts'
import { buildSpec } from '../train/build-spec.ts'
import { curveLines } from '../train/rate-curve.ts'
import { trainReporter } from '../train/train-reporter.ts'
import { onDevice } from './bench-device.ts'
import { addSettings, givenSettings } from './setting-option.ts'

interface LrFindOptions {
  config?: string
  from: number
  to: number
  steps: number
}

/** `lr-find DIR`: the loss at rising learning rates, and the rates that it suggests. Leaves nothing behind. */
export function addLrFindCommand(program: Command, io: Io): void {
  const command = addCommand(program, 'lr-find', 'suggest a learning rate for a folder of images').argument(
    '<dir>',
    'a folder of class folders, or one that holds train/ and valid/',
  )
  addSettings(command)
    .option('--config <file>', 'JSON file of settings (option names in camelCase); the command line wins')
    .addOption(new Option('--from <rate>', 'rate to begin with').default(1e-7).argParser(realNumber(1e-12, 1e3)))
    .addOption(new Option('--to <rate>', 'rate to end with').default(10).argParser(realNumber(1e-12, 1e3)))
    .addOption(new Option('--steps <n>', 'steps from one to the other').default(100).argParser(wholeNumber(20, 10_000)))
    .action((dir: string, options: LrFindOptions) => findRate(io, dir, options, command))
}

async function findRate(io: Io, dir: string, options: LrFindOptions, command: Command): Promise<void> {
  const { config, from, to, steps } = options
  if (from >= to) throw new UsageError(`--from ${from} must be below --to ${to}`)
  const spec = await buildSpec({
    ...(config === undefined ? {} : { config }),
    dir,
    given: givenSettings(command),
    findWeights: async (name) => (await import('../weights.ts')).resolveWeights(io, name),
  })
  await onDevice(io.log, async (device, engine) => {
    const words = { stopping: 'Stopping after this step; once more to end at once.', stopped: 'stopped' }
    const found = await stoppable(io, words, ({ signal, progress }) => {
      const context = { openDevice: async () => device, onEvent: trainReporter(io, progress), signal }
      return engine.findRate({ ...spec, out: null }, { from, to, steps }, context)
    })
    tell(io, found)
  })
}

function tell(io: Io, { rates, losses, suggestions, range }: RunRateFinding): void {
  for (const line of curveLines({ rates, losses }, suggestions)) io.say(line)
  if (range) {
    const [rate, low, high] = [range.rate, range.low, range.high].map((rate) => rate.toExponential(2))
    io.say(`For a run of this length: ${rate}, or a search from ${low} to ${high}`)
  }
  io.document({ rates, losses, suggestions, range })
}
