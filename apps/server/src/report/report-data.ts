/** What a report tells, and what both of its forms say in the same words. */
import { basename } from 'node:path'
import {
  type Augmentation,
  augmentationPresets,
  type EpochRecord,
  type EvaluateResult,
  type SplitEvaluation,
} from '@sporeprint/engine'
import type { RunRecord } from '@sporeprint/engine/node'
import { clock } from '../cli/clock.ts'
import type { Columns } from '../cli/table.ts'
import { between, percent, score, scoreNames } from '../evaluate/tables.ts'

export interface ReportData {
  run: RunRecord
  best: EpochRecord
  /** Null where the report was made without. */
  evaluation: EvaluateResult | null
  /** When it was written, and by what. */
  written: Date
  versions: { sporeprint: string; node: string; system: string }
}

export const titleOf = ({ run }: ReportData): string => basename(run.dir)

/** One sentence of what was trained on what. */
export function summary({ run, evaluation }: ReportData): string {
  const { spec, classes, history, result } = run
  const seconds = history.reduce((sum, epoch) => sum + epoch.seconds, 0)
  const weights = spec.weights === null ? 'from scratch' : `from ${basename(spec.weights)}`
  const state = result ? '' : '; the run is not finished'
  const images = evaluation?.evaluations.map(({ split, n }) => `${n} ${splitNames[split].toLowerCase()}`).join(', ')
  return (
    `${spec.arch} ${weights} on ${basename(spec.data)}: ${classes.length} classes at ${spec.size} px, ` +
    `${history.length} ${history.length === 1 ? 'epoch' : 'epochs'} in ${clock(seconds)}${state}.${images ? ` Images: ${images}.` : ''}`
  )
}

export const splitNames: Record<SplitEvaluation['split'], string> = {
  all: 'All',
  train: 'Training',
  valid: 'Validation',
  test: 'Test',
}

/** The split by which the run is judged: the last there is. */
export function judged({ evaluation }: ReportData): SplitEvaluation | null {
  return evaluation?.evaluations.at(-1) ?? null
}

/** The notebook's table of splits. */
export const splitColumns: Columns<SplitEvaluation> = [
  ['Dataset', ({ split }) => splitNames[split]],
  ['N', ({ n }) => String(n)],
  ['Loss', ({ loss }) => score(loss)],
  ['Accuracy', ({ accuracy }) => score(accuracy)],
  ['Weighted F1', ({ f1Weighted }) => score(f1Weighted)],
  ['Micro F1', ({ f1Micro }) => score(f1Micro)],
  ['Macro F1', ({ f1Macro }) => score(f1Macro)],
]

export type Row = readonly string[]

/** Rows of one number each, with a column for each split. */
export function moreScores(evaluations: readonly SplitEvaluation[]): { columns: Columns<Row>; rows: Row[] } {
  const row = (name: string, text: (evaluation: SplitEvaluation) => string): Row => [name, ...evaluations.map(text)]
  const level = Math.round(100 * (evaluations[0]?.level ?? 0.95))
  const columns: Columns<Row> = [
    [`with ${level} % intervals`, ([name]) => name as string],
    ...evaluations.map(({ split }, i): Columns<Row>[number] => [splitNames[split], (row) => row[i + 1] as string]),
  ]
  const rows = [
    ...scoreNames.map(([key, name]) =>
      row(name, ({ scores }) => `${score(scores[key].value)} (${between(scores[key])})`),
    ),
    row('ROC AUC, one against the rest', ({ rocAuc }) => score(rocAuc)),
    row('average precision', ({ averagePrecision }) => score(averagePrecision)),
    row('log loss, without label smoothing', ({ logLoss }) => score(logLoss)),
    row('Brier score', ({ brier }) => score(brier)),
    row('calibration error (ECE)', ({ calibration }) => percent(calibration.ece)),
    row('temperature that would calibrate it', ({ temperature }) => temperature?.toFixed(3) ?? '–'),
  ]
  return { columns, rows }
}

/** The columns of the table of epochs. */
export const epochColumns: Columns<EpochRecord> = [
  ['epoch', ({ epoch }) => String(epoch)],
  ['phase', ({ phase }) => phase],
  ['train loss', ({ trainLoss }) => score(trainLoss)],
  ['valid loss', ({ validLoss }) => score(validLoss)],
  ['accuracy', ({ accuracy }) => score(accuracy)],
  ['F1 weighted', ({ f1Weighted }) => score(f1Weighted)],
  ['F1 micro', ({ f1Micro }) => score(f1Micro)],
  ['F1 macro', ({ f1Macro }) => score(f1Macro)],
  ['learning rate', ({ lr }) => lr.toExponential(2)],
  ['time', ({ seconds }) => clock(seconds)],
]

export function calibrationSentence({ calibration, temperature }: SplitEvaluation): string {
  const { ece, mce } = calibration
  const fit =
    temperature === null
      ? ''
      : temperature > 1
        ? ` It is too sure of itself: its logits divided by ${temperature.toFixed(3)} would be calibrated on these images.`
        : ` It could be surer: its logits divided by ${temperature.toFixed(3)} would be calibrated on these images.`
  return `What it says and how often it is right differ by ${percent(ece)} in the mean (ECE) and by ${percent(mce)} at most (MCE).${fit}`
}

export function nearDuplicateSentences({ evaluations, nearDuplicates }: EvaluateResult): string[] {
  if (!nearDuplicates) return ['They were not looked for.']
  if (nearDuplicates.count === 0) return ['No image looks like one of another split.']
  const pairs = nearDuplicates.count === 1 ? 'One pair of images looks' : `${nearDuplicates.count} pairs of images look`
  return [
    `${pairs} the same though in different splits: what was learnt by heart flatters the score.`,
    ...evaluations.flatMap(({ split, accuracy, f1Macro, withoutNearDuplicates: without }) =>
      without
        ? [
            `${splitNames[split]} without the images that look like one of training: ${without.n} images, accuracy ${score(without.accuracy)} ` +
              `(with them ${score(accuracy)}), macro F1 ${score(without.f1Macro)} (${score(f1Macro)}).`,
          ]
        : [],
    ),
  ]
}

/** Every setting of the run, by its name. */
export function configurationRows({ run }: ReportData): [name: string, value: string][] {
  const { data, out, resume, ...settings } = run.spec
  return Object.entries(settings).map(([name, value]) => [
    spaced(name),
    name === 'augment' ? augmentationText(run.spec.augment) : valueText(value),
  ])
}

/** An augmentation by its preset, or by what it has otherwise than none. */
function augmentationText(augment: Augmentation): string {
  const differing = (preset: Augmentation): (keyof Augmentation)[] =>
    (Object.keys(augment) as (keyof Augmentation)[]).filter((name) => augment[name] !== preset[name])
  const preset = Object.entries(augmentationPresets).find(([, numbers]) => differing(numbers).length === 0)
  if (preset) return preset[0]
  return differing(augmentationPresets.none)
    .map((name) => `${spaced(name)} ${augment[name]}`)
    .join(', ')
}

/** baseLr → base lr */
const spaced = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

function valueText(value: unknown): string {
  if (value === null || (Array.isArray(value) && value.length === 0)) return 'none'
  if (typeof value === 'object') return JSON.stringify(value)
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)
}

export function environmentRows({ run, evaluation, written, versions }: ReportData): [name: string, value: string][] {
  const adapter = evaluation?.adapter
  return [
    ['run', run.dir],
    ['data', evaluation?.data ?? run.spec.data],
    ...(adapter
      ? [['evaluated on', `${adapter.name}${adapter.software ? ' (software)' : ''}`] as [string, string]]
      : []),
    ...(evaluation?.calibratedBy
      ? [['calibrated by', `logits divided by ${evaluation.calibratedBy.toFixed(3)}`] as [string, string]]
      : []),
    ...(run.result
      ? [['training speed', `${run.result.imagesPerSecond.toFixed(1)} images/s`] as [string, string]]
      : []),
    ['sporeprint', versions.sporeprint],
    ['Node', versions.node],
    ['system', versions.system],
    ['written', written.toISOString().slice(0, 16).replace('T', ' ').concat(' UTC')],
  ]
}
