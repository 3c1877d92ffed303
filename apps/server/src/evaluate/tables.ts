/** The tables of an evaluation, as the command line and the report show them. */
import type { SplitEvaluation } from '@sporeprint/engine'
import type { Columns } from '../cli/table.ts'

type Interval = SplitEvaluation['scores']['accuracy']

/** What is undefined is NaN, or null where it has been JSON. */
type Value = number | null

const isDefined = (value: Value): value is number => value !== null && !Number.isNaN(value)

export const fixed = (value: Value, digits: number): string => (isDefined(value) ? value.toFixed(digits) : '–')
export const score = (value: Value): string => fixed(value, 6)
export const percent = (share: Value): string => (isDefined(share) ? `${(100 * share).toFixed(1)} %` : '–')
export const between = ({ low, high }: Interval): string =>
  isDefined(low) ? `${low.toFixed(4)} to ${high.toFixed(4)}` : '–'

/** Names of the scores that have an interval, in the order in which they are told. */
export const scoreNames: readonly (readonly [key: keyof SplitEvaluation['scores'], name: string])[] = [
  ['accuracy', 'accuracy'],
  ['balancedAccuracy', 'balanced accuracy'],
  ['f1Weighted', 'F1, weighted'],
  ['f1Micro', 'F1, micro'],
  ['f1Macro', 'F1, macro'],
  ['cohenKappa', 'Cohen’s κ'],
  ['matthews', 'Matthews correlation'],
]

/** Every number about the whole set: its name, its value, its interval. */
export function overallRows(evaluation: SplitEvaluation): [name: string, value: string, interval: string][] {
  const { loss, logLoss, brier, topK, rocAuc, averagePrecision, calibration } = evaluation
  return [
    ['loss', score(loss), ''],
    ...scoreNames.map(([key, name]): [string, string, string] => [
      name,
      score(evaluation.scores[key].value),
      between(evaluation.scores[key]),
    ]),
    ...[3, 5]
      .filter((k) => topK.length > k)
      .map((k): [string, string, string] => [`top ${k}`, score(topK[k - 1] ?? null), '']),
    ['ROC AUC, one against the rest', score(rocAuc), ''],
    ['average precision', score(averagePrecision), ''],
    ['log loss', score(logLoss), ''],
    ['Brier score', score(brier), ''],
    ['calibration error', score(calibration.ece), ''],
  ]
}

export const byClassColumns: Columns<SplitEvaluation['byClass'][number]> = [
  ['class', (row) => row.class],
  ['precision', ({ precision }) => score(precision)],
  ['recall', ({ recall }) => score(recall)],
  ['F1', ({ f1 }) => score(f1)],
  ['images', ({ count }) => String(count)],
]

export const confusedColumns: Columns<SplitEvaluation['mostConfused'][number]> = [
  ['actual', ({ actual }) => actual],
  ['predicted', ({ predicted }) => predicted],
  ['times', ({ count }) => String(count)],
]

export const sampleColumns: Columns<SplitEvaluation['topLosses'][number]> = [
  ['image', ({ path }) => path],
  ['actual', ({ actual }) => actual],
  ['predicted', ({ predicted }) => predicted],
  ['confidence', ({ confidence }) => percent(confidence)],
  ['loss', ({ loss }) => fixed(loss, 4)],
]

export const sliceColumns: Columns<SplitEvaluation['slices'][number]> = [
  ['by', ({ by }) => by],
  ['part', ({ key }) => key],
  ['images', ({ n }) => String(n)],
  ['loss', ({ loss }) => score(loss)],
  ['accuracy', ({ accuracy }) => score(accuracy.value)],
  ['interval', ({ accuracy }) => between(accuracy)],
]
