import type { EvaluatedSplit } from '@sporeprint/engine'
import { type Command, Option } from 'commander'
import { addCommand } from '../cli/command.ts'
import type { Io } from '../cli/io.ts'
import { realNumber, wholeNumber } from '../cli/numbers.ts'
import { addModelOptions, type ModelOptions, modelArgument, modelHints } from './model-options.ts'
import { givenSettings, settingOption } from './setting-option.ts'

interface EvaluateOptions extends ModelOptions {
  split?: EvaluatedSplit
  batch: number
  labelSmoothing: number
  top: number
  nearDuplicates: boolean
  out?: string
}

/** How DIR is split where it has no valid/: of a run of ours that was trained on it, its own is the default. */
const splitSettings = ['valid', 'seed', 'folds', 'fold']

/** `evaluate MODEL DIR`: every number about a trained model on a folder of images. */
export function addEvaluateCommand(program: Command, io: Io): void {
  const command = addModelOptions(
    addCommand(program, 'evaluate', 'report how well a model classifies a folder of images'),
  )
    .argument('<model>', modelArgument)
    .argument(
      '<dir>',
      'a folder of class folders, or one that holds train/, valid/ and test/; classes are matched by name',
    )
    .addOption(
      new Option(
        '--split <name>',
        'what to evaluate (default: test/ where there is one, else valid/, else all)',
      ).choices(['all', 'train', 'valid', 'test']),
    )
    .addOption(
      new Option('--top <n>', 'images, mistakes and pairs to name').default(10).argParser(wholeNumber(1, 1000)),
    )
    .addOption(new Option('--batch <n>', 'images at once').default(16).argParser(wholeNumber(1, 4096)))
    .addOption(
      new Option('--label-smoothing <share>', 'in the loss, to compare it with one of training')
        .default(0)
        .argParser(realNumber(0, 0.99)),
    )
  for (const name of splitSettings) command.addOption(settingOption(name))
  command
    .option('--no-shuffle', 'held out are the last images of each class by name')
    .option('--no-near-duplicates', 'do not look for near-duplicates across splits, which opens every image')
    .option('--out <file>', 'also write the JSON document to this file')
    .action(
      async (
        model: string,
        dir: string,
        { split, out, batch, labelSmoothing, top, nearDuplicates, ...rest }: EvaluateOptions,
      ) =>
        (await import('../evaluate/evaluate.ts')).evaluateFolder(io, {
          ...{ model, dir, batch, labelSmoothing, top, nearDuplicates },
          ...(split && { split }),
          ...(out !== undefined && { out }),
          hints: modelHints(rest),
          given: givenSettings(command),
        }),
    )
}
