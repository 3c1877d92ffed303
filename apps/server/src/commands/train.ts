import { basename, relative } from 'node:path'
import type { StartEvent, TrainResult } from '@sporeprint/engine'
import type { Command } from 'commander'
import { addCommand } from '../cli/command.ts'
import type { Io } from '../cli/io.ts'
import { resumeCommand } from '../cli/resume-command.ts'
import { stoppable } from '../cli/stoppable.ts'
import { loadEngine } from '../engine.ts'
import { buildSpec } from '../train/build-spec.ts'
import { trainReporter } from '../train/train-reporter.ts'
import { addSettings, givenSettings } from './setting-option.ts'

interface TrainOptions {
  config?: string
  out?: string
  resume?: true
}

/** `train DIR`: trains a network on a folder of images, with a table of epochs, and leaves its checkpoints. */
export function addTrainCommand(program: Command, io: Io): void {
  const command = addCommand(program, 'train', 'train a network on a folder of images').argument(
    '<dir>',
    'a folder of class folders, or one that holds train/ and valid/ (and test/)',
  )
  addSettings(command)
    .option('--config <file>', 'JSON file of settings (option names in camelCase); the command line wins')
    .option('--out <dir>', 'folder for checkpoints and history (default: .sporeprint/trained/<run>)')
    .option('--resume', 'go on with the run in --out, if there is one')
    .action((dir: string, options: TrainOptions) => trainFolder(io, dir, options, command))
}

async function trainFolder(io: Io, dir: string, options: TrainOptions, command: Command): Promise<void> {
  const spec = await buildSpec({
    ...options,
    dir,
    given: givenSettings(command),
    findWeights: async (name) => (await import('../weights.ts')).resolveWeights(io, name),
  })
  const { train } = await loadEngine()
  const words = {
    stopping: 'Stopping after this step; once more to end at once.',
    stopped: `stopped; to go on: ${resumeCommand('train', spec.out)}`,
  }
  let start: StartEvent | undefined
  const result = await stoppable(io, words, ({ signal, progress }) => {
    const report = trainReporter(io, progress)
    return train(spec, {
      signal,
      onEvent: (event) => {
        if (event.type === 'start') start = event
        report(event)
      },
    })
  })
  tellResult(io, result)
  io.document(resultDocument(basename(spec.out), result, start))
}

function tellResult(io: Io, result: TrainResult): void {
  if (result.alreadyFinished) io.log('This run had finished before: nothing was left to do.')
  const { best, checkpoint, imagesPerSecond, inputWait } = result
  io.say(`Best: epoch ${best.epoch}, valid_loss ${best.validLoss.toFixed(6)}, accuracy ${best.accuracy.toFixed(6)}`)
  if (checkpoint !== null) io.say(`Checkpoint: ${relative('', checkpoint) || '.'}`)
  if (result.alreadyFinished) return
  const waited = `steps waited for images ${(100 * inputWait).toFixed(1)}% of the time`
  io.log(`Trained at ${imagesPerSecond.toFixed(1)} images/s; ${waited}`)
}

function resultDocument(run: string, result: TrainResult, start?: StartEvent): unknown {
  const { test, ...rest } = result
  return {
    run,
    ...rest,
    ...(test === null ? {} : { test }),
    ...(start && { adapter: start.adapter, images: start.images, peakBytes: start.peakBytes }),
  }
}
