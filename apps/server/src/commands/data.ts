import { type Command, Option } from 'commander'
import { addCommand } from '../cli/command.ts'
import type { Io } from '../cli/io.ts'
import { realNumber, wholeNumber } from '../cli/numbers.ts'
import type { PreviewOptions, SynthOptions } from '../data.ts'
import { settingOption } from './setting-option.ts'

const size = (pixels: number): Option =>
  new Option('--size <pixels>', 'side of the images').default(pixels).argParser(wholeNumber(16, 2048))

/** `data demo|synth|check|preview DIR`: writes datasets to try things on, and looks a dataset over. */
export function addDataCommand(program: Command, io: Io): void {
  const data = program.command('data').description('write datasets to try things on, or look a dataset over')

  addCommand(
    data,
    'demo',
    'write the demo images: emoji artwork of nine classes, one of six vendors held out as test set',
  )
    .argument('<dir>', 'folder to write; it must be empty or missing')
    .addOption(size(96))
    .action(async (dir: string, options: { size: number }) => (await import('../data.ts')).writeDemo(io, dir, options))

  addCommand(data, 'synth', 'write synthetic mushrooms of nine genera, drawn from a seed')
    .argument('<dir>', 'folder to write; it must be empty or missing')
    .addOption(size(128))
    .addOption(new Option('--count <n>', 'images of each genus').default(60).argParser(wholeNumber(1, 10_000)))
    .addOption(new Option('--test <share>', 'share of them in test/').default(0.2).argParser(realNumber(0, 0.9)))
    .addOption(new Option('--seed <n>', 'seed').default(42).argParser(wholeNumber(0, 2 ** 31 - 1)))
    .action(async (dir: string, options: SynthOptions) => (await import('../data.ts')).writeSynthetic(io, dir, options))

  addCommand(data, 'check', 'find unreadable, duplicate and misnamed images')
    .argument('<dir>', 'dataset folder')
    .action(async (dir: string) => (await import('../data.ts')).check(io, dir))

  addCommand(data, 'preview', 'write a contact sheet of what training sees of some images')
    .argument('<dir>', 'dataset folder')
    .addOption(settingOption('augment'))
    .addOption(settingOption('mixup'))
    .addOption(settingOption('cutmix'))
    .addOption(settingOption('size'))
    .addOption(settingOption('seed'))
    .addOption(new Option('--count <n>', 'images').default(6).argParser(wholeNumber(1, 100)))
    .addOption(new Option('--epochs <n>', 'epochs of each').default(6).argParser(wholeNumber(1, 100)))
    .addOption(new Option('--out <file>', 'PNG to write').default('preview.png'))
    .action(async (dir: string, options: PreviewOptions) =>
      (await import('../data.ts')).previewTraining(io, dir, options),
    )
}
