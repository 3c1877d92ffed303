import type { EvaluationEvent, SkippedFile, StartEvent, StepEvent, TrainEvent } from '@sporeprint/engine'
import { clock } from '../cli/clock.ts'
import type { Io } from '../cli/io.ts'
import type { Progress } from '../cli/progress.ts'
import { epochTableHeader, epochTableRow } from './epoch-table.ts'

/** Skipped files named without --debug. */
const namedFiles = 10

const stages = { images: 'Reading images', pipelines: 'Compiling pipelines' } as const

/** Tells people what a training run says. */
export function trainReporter(io: Io, progress: Progress): (event: TrainEvent) => void {
  let phase: StepEvent['phase'] | undefined
  const say = (line: string): void => {
    progress.pause()
    io.say(line)
  }
  const log = (line: string): void => {
    progress.pause()
    io.log(line)
  }

  return (event) => {
    switch (event.type) {
      case 'prepare':
        progress.update({ label: stages[event.stage], done: event.done, total: event.total, detail: '' })
        break
      case 'start':
        for (const line of describeSkipped(event.skipped, io.debug)) log(line)
        log(describeStart(event))
        break
      case 'step':
        progress.update(describeStep(event))
        break
      case 'epoch':
        if (event.epoch.phase !== phase) for (const line of epochTableHeader) say(line)
        phase = event.epoch.phase
        say(epochTableRow(event.epoch))
        break
      case 'evaluation':
        say(describeEvaluation(event))
        break
      case 'log':
        log(event.level === 'warn' ? `Warning: ${event.message}` : event.message)
        break
      case 'checkpoint':
        if (io.debug) log(`Wrote ${event.path} after epoch ${event.epoch}`)
        break
    }
  }
}

function describeStart({ adapter, classes, images, parameters, peakBytes, step, steps }: StartEvent): string {
  const device = adapter.software ? `${adapter.name} (software)` : adapter.name
  const test = images.test > 0 ? `, ${images.test} test` : ''
  const resumed = step > 0 ? ` Going on from step ${step} of ${steps}.` : ''
  return (
    `${classes.length} classes; ${images.train} training, ${images.valid} validation${test} images; ` +
    `${(parameters / 1e6).toFixed(1)} M parameters; ${(peakBytes / 2 ** 20).toFixed(0)} MiB planned on ${device}.${resumed}`
  )
}

function describeStep({ epoch, step, steps, smoothLoss, imagesPerSecond, secondsLeft }: StepEvent) {
  // The rate is known from the second step on.
  const rate = imagesPerSecond > 0 ? `, ${imagesPerSecond.toFixed(1)} images/s, ${clock(secondsLeft)} left` : ''
  const detail = `loss ${smoothLoss.toFixed(4)}${rate}`
  return { label: `Epoch ${epoch}`, done: step, total: steps, detail }
}

function describeEvaluation({ split, report }: EvaluationEvent): string {
  const name = split === 'test' ? 'Test' : 'Validation'
  const scores = [report.accuracy, report.f1Weighted, report.f1Micro, report.f1Macro].map((value) => value.toFixed(6))
  return (
    `${name} (${report.n} images, best weights): loss ${report.loss.toFixed(6)}, accuracy ${scores[0]}, ` +
    `F1 weighted ${scores[1]}, micro ${scores[2]}, macro ${scores[3]}`
  )
}

function describeSkipped(skipped: readonly SkippedFile[], all: boolean): string[] {
  if (skipped.length === 0) return []
  const named = all ? skipped : skipped.slice(0, namedFiles)
  const rest = skipped.length - named.length
  return [
    `Warning: ${skipped.length} ${skipped.length === 1 ? 'file was' : 'files were'} skipped:`,
    ...named.map(({ path, reason }) => `  ${path}: ${reason}`),
    ...(rest > 0 ? [`  and ${rest} more (--debug or --json names them all)`] : []),
  ]
}
