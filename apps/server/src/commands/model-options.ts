import type { Arch, ModelHints } from '@sporeprint/engine/node'
import { type Command, Option } from 'commander'
import { wholeNumber } from '../cli/numbers.ts'

export interface ModelOptions {
  arch?: Arch
  classes?: string
  size?: number
}

export const modelArgument = 'a checkpoint that train wrote (its folder or file), or a raw weights file'

/** The options of a command that takes a MODEL: what a raw weights file does not say of itself. */
export function addModelOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--arch <name>', 'network of MODEL, to be held against it').choices([
        'resnet18',
        'resnet34',
        'resnet50',
      ]),
    )
    .addOption(new Option('--classes <names>', 'names of its classes, separated by commas, or how many there are'))
    .addOption(new Option('--size <pixels>', 'side to which images are resized').argParser(wholeNumber(32, 1024)))
}

export function modelHints({ arch, classes, size }: ModelOptions): ModelHints {
  const count = /^\d+$/.test(classes ?? '') ? Number(classes) : undefined
  return { arch, size, classes: count ?? classes?.split(',').map((name) => name.trim()) }
}
