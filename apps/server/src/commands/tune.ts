import { type Command, InvalidArgumentError, Option } from 'commander'
import { addCommand } from '../cli/command.ts'
import type { Io } from '../cli/io.ts'
import { realNumber, wholeNumber } from '../cli/numbers.ts'
import type { TuneOptions } from '../tune/tune.ts'
import { addSettings, givenSettings } from './setting-option.ts'

/** What a study has instead of these settings of a run. */
const ofStudy = ['folds', 'fold', 'progressive', 'monitor']

/** `tune DIR`: searches for the settings with which a network learns a folder of images best. */
export function addTuneCommand(program: Command, io: Io): void {
  const command = addCommand(program, 'tune', 'search for the best settings of a training run').argument(
    '<dir>',
    'a folder of class folders, or one that holds train/ and valid/ (and test/)',
  )
  command
    .addOption(limit('--trials <n>', 'trials in all (default: 20, unless another budget is given)', 1, 1e6))
    .addOption(limit('--max-epochs <n>', 'epochs of all trials together, frozen ones included', 1, 1e9))
    .addOption(new Option('--hours <n>', 'time after which no more work is given out').argParser(realNumber(1e-6, 1e5)))
    .option('--space <file>', 'JSON file of what is searched (default: rates, schedule, regularisation, augmentation)')
    .option('--sampler <name>', 'tpe, random, sobol or grid, or one with its settings as JSON', 'tpe')
    .option(
      '--pruner <name>',
      'asha, hyperband, median, percentile, patient, threshold or none, or one with its settings as JSON (default: asha; none of several metrics)',
    )
    .addOption(
      new Option('--metric <names>', 'accuracy, f1Weighted, f1Micro, f1Macro, validLoss, or several with commas')
        .default(['f1Macro'], 'f1Macro')
        .argParser(words),
    )
    .addOption(
      new Option('--direction <names>', 'maximize or minimize, one for each metric')
        .default([], 'whichever is better')
        .argParser(words),
    )
    .addOption(limit('--folds <n>', 'folds on which those that come to the last epoch are judged', 1, 1000).default(1))
    .addOption(limit('--parallel <n>', 'trials at the same time', 1, 1024).default(1))
    .addOption(
      new Option(
        '--rungs <epochs>',
        'epochs after which trials pause, such as 1,3 (default: --epochs / 3 and / 9)',
      ).argParser(wholeNumbers(1, 10_000)),
    )
    .addOption(
      new Option('--sizes <pixels>', 'smaller images up to the first rungs, such as 96,128')
        .default([], 'none')
        .argParser(wholeNumbers(32, 1024)),
    )
    .option('--no-restarts', 'one schedule over all epochs, read in its midst, instead of a complete one to each rung')
    .option('--lr-find', 'find a learning rate first, and search around it')
    .option('--no-baseline', 'do not begin with the settings as they are: search evenly')
    .option('--enqueue <file>', 'JSON file of parameters to try first: an object, or a list of them')
    .addOption(
      limit(
        '--final-seeds <n>',
        'train the winner anew with so many seeds and test it (default: 3 with a test/)',
        0,
        1000,
      ),
    )
  addSettings(command, ofStudy)
    .option('--config <file>', 'JSON file of settings (option names in camelCase); the command line wins')
    .option('--out <dir>', 'folder of the study (default: .sporeprint/studies/<study>)')
    .option('--resume', 'go on with the study in --out, if there is one')
    .action(async (dir: string, options: TuneOptions) => {
      const { tuneFolder } = await import('../tune/tune.ts')
      await tuneFolder(io, dir, options, givenSettings(command, ofStudy))
    })
}

const limit = (flags: string, about: string, min: number, max: number): Option =>
  new Option(flags, about).argParser(wholeNumber(min, max))

const words = (text: string): string[] => text.split(',').map((word) => word.trim())

const wholeNumbers =
  (min: number, max: number) =>
  (text: string): number[] => {
    const read = wholeNumber(min, max)
    if (text.trim() === '') throw new InvalidArgumentError('It must be whole numbers, with commas.')
    return words(text).map(read)
  }
