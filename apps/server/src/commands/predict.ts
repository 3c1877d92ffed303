import type { PredictResult, UnreadableImage } from '@sporeprint/engine'
import type { Command } from 'commander'
import { Option } from 'commander'
import { addCommand } from '../cli/command.ts'
import { UsageError } from '../cli/errors.ts'
import type { Io } from '../cli/io.ts'
import { realNumber, wholeNumber } from '../cli/numbers.ts'
import { stoppable } from '../cli/stoppable.ts'
import { loadEngine } from '../engine.ts'
import { readAugmentation } from '../train/augmentation.ts'
import { addModelOptions, type ModelOptions, modelArgument, modelHints } from './model-options.ts'

interface PredictOptions extends ModelOptions {
  tta?: true
  passes: number
  augment: string
  top: number
  abstain: number
  temperature?: number
  batch?: number
}

/** `predict MODEL IMAGE…`: what a model says of images. */
export function addPredictCommand(program: Command, io: Io): void {
  const command = addCommand(program, 'predict', 'say what a model sees in images')
    .argument('<model>', modelArgument)
    .argument('<image...>', 'image files, folders of them, or patterns (*.jpg)')
  addModelOptions(command)
    .option('--tta', 'see each image in augmented versions too, and average the probabilities')
    .addOption(new Option('--passes <n>', 'augmented versions with --tta').default(4).argParser(wholeNumber(1, 100)))
    .addOption(new Option('--augment <name>', 'what happens to them: a preset, or a JSON file').default('default'))
    .addOption(new Option('--top <n>', 'most probable classes to list').default(3).argParser(wholeNumber(1, 100_000)))
    .addOption(new Option('--abstain <p>', 'no label below this probability').default(0).argParser(realNumber(0, 1)))
    .addOption(
      new Option('--temperature <t>', "divide logits by it (default: the model's calibration, else 1)").argParser(
        realNumber(1e-3, 1e3),
      ),
    )
    .addOption(new Option('--batch <n>', 'images computed at once (default: up to 16)').argParser(wholeNumber(1, 4096)))
    .action((model: string, images: string[], options: PredictOptions) => predict(io, model, images, options))
}

async function predict(io: Io, model: string, args: readonly string[], options: PredictOptions): Promise<void> {
  const { tta, passes, augment, top, abstain, temperature, batch } = options
  const { findImages } = await import('../predict/find-images.ts')
  const { images, missing } = await findImages(args)
  if (images.length === 0) {
    const [first] = missing
    throw new UsageError(`there is nothing to predict: ${first?.image}: ${first?.reason}`)
  }
  const versions = tta ? { augment: await readAugmentation(augment), passes } : null
  const spec = { model, hints: modelHints(options), images, tta: versions, top, abstain, temperature, batch }
  const { runTask } = await loadEngine()
  const words = { stopping: 'Stopping after this batch; once more to end at once.', stopped: 'stopped' }
  const result = await stoppable(io, words, ({ signal, progress }) =>
    runTask('predict', spec, {
      signal,
      onWarning: io.log,
      onEvent: ({ done, total }) => progress.update({ label: 'Predicting', done, total, detail: '' }),
    }),
  )
  await tell(io, result, [...missing, ...result.unreadable])
}

async function tell(io: Io, { predictions, model }: PredictResult, failed: readonly UnreadableImage[]): Promise<void> {
  const { predictionLines, temperatureLine } = await import('../predict/prediction-table.ts')
  if (predictions.length > 0) for (const line of predictionLines(predictions, model)) io.say(line)
  io.say(temperatureLine(model))
  for (const { image, reason } of failed) io.log(`${image}: ${reason}`)
  if (failed.length > 0) {
    io.log(`sporeprint: ${failed.length} of ${predictions.length + failed.length} could not be read`)
    process.exitCode = 1
  }
  io.document(predictions)
}
