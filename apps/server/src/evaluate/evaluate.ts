/** `evaluate MODEL DIR`: asks an engine host for the evaluation, and tells how far it is. */
import { realpath, writeFile } from 'node:fs/promises'
import { relative } from 'node:path'
import type { EvaluatedSplit, EvaluateEvent, EvaluateResult, EvaluateSpec } from '@sporeprint/engine'
import type { ModelHints, RunRecord } from '@sporeprint/engine/node'
import { clock } from '../cli/clock.ts'
import type { Io } from '../cli/io.ts'
import type { Progress } from '../cli/progress.ts'
import { stoppable } from '../cli/stoppable.ts'
import { loadEngine } from '../engine.ts'
import { type GivenSettings, withDefaults } from '../train/settings.ts'
import { evaluationLines } from './evaluation-lines.ts'
import { locateModel } from './locate-model.ts'

export interface EvaluateRequest {
  model: string
  hints: ModelHints
  dir: string
  split?: EvaluatedSplit
  batch: number
  labelSmoothing: number
  /** Images, mistakes and pairs to keep and to tell. */
  top: number
  nearDuplicates: boolean
  /** How DIR is split, where that was given. */
  given: GivenSettings
  out?: string
}

/** Evaluates, tells people of it, and writes the document to `out` and to stdout under --json. */
export async function evaluateFolder(io: Io, request: EvaluateRequest): Promise<void> {
  const { dir, split, top, out } = request
  const { path, run } = await locateModel(request.model)
  const own = run !== null && (await samePlace(run.spec.data, dir))
  const { valid, shuffle, seed, folds, fold } = { ...withDefaults({}), ...(own ? run.spec : {}), ...request.given }
  const result = await runEvaluate(io, {
    model: path,
    hints: request.hints,
    data: dir,
    splits: split === undefined ? 'default' : [split],
    ...{ valid, shuffle, seed, folds, fold },
    fingerprint: own && split !== undefined && split !== 'test' ? run.images : null,
    batch: request.batch,
    keep: top,
    labelSmoothing: request.labelSmoothing,
    nearDuplicates: request.nearDuplicates,
  })
  const document = evaluationDocument(result)
  if (own && document.split === 'all') {
    io.log(
      `Warning: ${relative('', run.dir) || '.'} was trained on most of these images: --split valid takes those that it was not trained on`,
    )
  }
  for (const line of evaluationLines(document, top)) io.say(line)
  if (out !== undefined) {
    await writeFile(out, `${JSON.stringify(document, null, 2)}\n`)
    io.say(`Written to ${out}`)
  }
  io.document(document)
}

/** The evaluation of one split, with what it was of, as one document. */
export type EvaluationDocument = ReturnType<typeof evaluationDocument>

export function evaluationDocument({ evaluations, ...rest }: EvaluateResult) {
  const [evaluation] = evaluations
  if (evaluation === undefined || evaluations.length > 1) throw new Error('one split was to be evaluated')
  return { ...evaluation, ...rest }
}

/** Whether two paths lead to one folder, which may be gone by now. */
async function samePlace(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => realpath(path).catch(() => path)))
  return first === second
}

/** Runs the task with a progress bar; Ctrl-C stops it. */
export async function runEvaluate(io: Io, spec: EvaluateSpec): Promise<EvaluateResult> {
  const { evaluate } = await loadEngine()
  const words = { stopping: 'Stopping.', stopped: 'stopped; nothing was written' }
  return stoppable(io, words, ({ signal, progress }) => evaluate(spec, { signal, onEvent: showEvents(io, progress) }))
}

function showEvents(io: Io, progress: Progress): (event: EvaluateEvent) => void {
  /** What is under way, and where it began to be told. */
  let stage = { label: '', at: 0, done: 0 }
  return (event) => {
    if (event.type === 'log') {
      progress.pause()
      io.log(event.level === 'warn' ? `Warning: ${event.message}` : event.message)
      return
    }
    const { done, total } = event
    const label = stageLabel(event)
    const at = performance.now()
    if (label !== stage.label) stage = { label, at, done }
    const rate = (1000 * (done - stage.done)) / (at - stage.at)
    const detail = rate > 0 ? `${rate.toFixed(1)} images/s, ${clock((total - done) / rate)} left` : ''
    progress.update({ label, done, total, detail })
  }
}

function stageLabel(event: Exclude<EvaluateEvent, { type: 'log' }>): string {
  if (event.stage === 'images') return 'Reading images'
  if (event.stage === 'looks') return 'Looking at images'
  return `${event.stage === 'calibrate' ? 'Calibrating on' : 'Classifying'} ${event.split}`
}

/** The split of a run as its spec has it, for the task. */
export function splitOf({ spec, images }: RunRecord): Partial<EvaluateSpec> {
  const { valid, shuffle, seed, folds, fold } = spec
  return { valid, shuffle, seed, folds, fold, fingerprint: images }
}
