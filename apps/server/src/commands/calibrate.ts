import { relative } from 'node:path'
import { type Command, Option } from 'commander'
import { addCommand } from '../cli/command.ts'
import type { Io } from '../cli/io.ts'
import { wholeNumber } from '../cli/numbers.ts'
import { stoppable } from '../cli/stoppable.ts'
import { loadEngine } from '../engine.ts'
import { addModelOptions, type ModelOptions, modelArgument, modelHints } from './model-options.ts'

interface CalibrateOptions extends ModelOptions {
  split: 'valid' | 'all'
  out?: string
  batch: number
}

const stages = { images: 'Reading images', predictions: 'Predicting' } as const

/** `calibrate MODEL DIR`: makes a model as sure as it should be, and able to tell what it does not know. */
export function addCalibrateCommand(program: Command, io: Io): void {
  const command = addCommand(program, 'calibrate', 'fit how sure a model is to images that it was not trained on')
    .argument('<model>', modelArgument)
    .argument('<dir>', 'a folder of class folders, or one that holds train/ and valid/')
  addModelOptions(command)
    .addOption(
      new Option('--split <name>', 'images of DIR to use: what training holds out of it, or all')
        .choices(['valid', 'all'])
        .default('valid'),
    )
    .option('--out <file>', 'safetensors file to write (default: MODEL itself gets the calibration)')
    .addOption(new Option('--batch <n>', 'images computed at once').default(16).argParser(wholeNumber(1, 4096)))
    .action((model: string, dir: string, options: CalibrateOptions) => calibrate(io, model, dir, options))
}

async function calibrate(io: Io, model: string, data: string, options: CalibrateOptions): Promise<void> {
  const { split, out, batch } = options
  const { runTask } = await loadEngine()
  const spec = { model, hints: modelHints(options), data, split, out, batch }
  const words = { stopping: 'Stopping; the model stays as it is.', stopped: 'stopped' }
  const result = await stoppable(io, words, ({ signal, progress }) =>
    runTask('calibrate', spec, {
      signal,
      onWarning: io.log,
      onEvent: (event) => {
        if (event.type === 'progress') {
          progress.update({ label: stages[event.stage], done: event.done, total: event.total, detail: '' })
          return
        }
        progress.pause()
        for (const { path, reason } of event.files) io.log(`skipped ${path}: ${reason}`)
      },
    }),
  )
  const { images, temperature, before, after, distance95, model: file } = result
  io.say(
    `Temperature ${temperature.toFixed(4)}: ${images} images cost ${after.toFixed(4)} nats each, ${before.toFixed(4)} before`,
  )
  io.say(`An image farther than ${distance95.toFixed(4)} from every class is an outlier: 5 % of these are`)
  io.say(`Kept in ${relative('', file)}`)
  io.document(result)
}
