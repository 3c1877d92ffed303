import { type ConfusionMatrix, classCounts } from '../counts/confusion.ts'
import { checkInteger, checkLabels, checkSameLength } from '../errors.ts'
import { type BootstrapOptions, mapValues, replicate } from './bootstrap.ts'
import type { Interval } from './interval.ts'

/**
 * Any numbers that follow from a confusion matrix: `accuracy`, `matthews`, `(c) => averageScores(classCounts(c), 'macro').f1`. They
 * are given one matrix again and again, with other counts: they may read it, not keep it.
 */
export type ConfusionStatistics<Name extends string> = Record<Name, (confusion: ConfusionMatrix) => number>

export interface StratifiedOptions extends BootstrapOptions {
  /** Whether every actual class keeps its count, as where the classes of a test set were chosen. Default false. */
  stratified?: boolean
}

/** Intervals of statistics of a confusion matrix: as many draws as it has cells, however many predictions it counts. */
export function bootstrapConfusion<Name extends string>(
  confusion: ConfusionMatrix,
  statistics: ConfusionStatistics<Name>,
  options: StratifiedOptions = {},
): Record<Name, Interval> {
  classCounts(confusion) // throws unless it is square
  const cells = confusion.flatMap((row, actual) =>
    row.flatMap((count, predicted) => {
      checkInteger(count, 0, `confusion[${actual}][${predicted}]`)
      return count > 0 ? [{ actual, predicted, count }] : []
    }),
  )
  const fill = filler(confusion.length, cells, ({ predicted }) => predicted)
  const replicates = replicate(
    {
      counts: Uint32Array.from(cells, ({ count }) => count),
      strata: options.stratified ? cells.map(({ actual }) => actual) : null,
    },
    mapValues(statistics, (statistic) => (counts: Uint32Array) => statistic(fill(counts))),
    options,
  )
  return mapValues(replicates, ({ interval }) => interval)
}

/** What two classifiers said of the same samples. */
export interface PairedPredictions {
  /** Number of classes K. */
  classes: number
  labels: ArrayLike<number>
  first: ArrayLike<number>
  second: ArrayLike<number>
}

/** The second's statistic less the first's. */
export interface PairedDifference extends Interval {
  first: number
  second: number
  /**
   * Two-sided: twice the smaller share of replicates in which the difference is not positive, or not negative; the set itself counts
   * as one replicate, so that it is never 0.
   */
  pValue: number
}

/** Whether the second classifier is better than the first: both are scored on the same replicates, so that hard samples cancel. */
export function bootstrapDifference<Name extends string>(
  paired: PairedPredictions,
  statistics: ConfusionStatistics<Name>,
  options: StratifiedOptions = {},
): Record<Name, PairedDifference> {
  const cells = jointCells(paired)
  const fillFirst = filler(paired.classes, cells, ({ first }) => first)
  const fillSecond = filler(paired.classes, cells, ({ second }) => second)
  const counts = Uint32Array.from(cells, ({ count }) => count)
  const replicates = replicate(
    { counts, strata: options.stratified ? cells.map(({ actual }) => actual) : null },
    mapValues(
      statistics,
      (statistic) => (drawn: Uint32Array) => statistic(fillSecond(drawn)) - statistic(fillFirst(drawn)),
    ),
    options,
  )
  return mapValues(replicates, ({ interval, replicates: differences }, name) => ({
    ...interval,
    first: statistics[name](fillFirst(counts)),
    second: statistics[name](fillSecond(counts)),
    pValue: twoSided(differences),
  }))
}

interface JointCell {
  actual: number
  first: number
  second: number
  count: number
}

/** Samples of equal label and predictions are one cell; in the order in which they first occur. */
function jointCells({ classes, labels, first, second }: PairedPredictions): JointCell[] {
  checkInteger(classes, 1, 'classes')
  checkSameLength(labels, 'labels', first, 'predictions of the first')
  checkSameLength(labels, 'labels', second, 'predictions of the second')
  checkLabels(labels, classes, 'labels')
  checkLabels(first, classes, 'first')
  checkLabels(second, classes, 'second')
  const cells = new Map<number, JointCell>()
  for (let i = 0; i < labels.length; i++) {
    const [actual, a, b] = [labels[i] as number, first[i] as number, second[i] as number]
    const key = (actual * classes + a) * classes + b
    const cell = cells.get(key)
    if (cell) cell.count++
    else cells.set(key, { actual, first: a, second: b, count: 1 })
  }
  return [...cells.values()]
}

/** Writes counts of cells into one matrix, the same each time. */
function filler<Cell extends { actual: number }>(
  classes: number,
  cells: readonly Cell[],
  predicted: (cell: Cell) => number,
): (counts: Uint32Array) => ConfusionMatrix {
  const rows = Uint32Array.from(cells, ({ actual }) => actual)
  const columns = Uint32Array.from(cells, predicted)
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  return (counts) => {
    for (const row of confusion) row.fill(0)
    for (let cell = 0; cell < counts.length; cell++) {
      const row = confusion[rows[cell] as number] as number[]
      const j = columns[cell] as number
      row[j] = (row[j] as number) + (counts[cell] as number)
    }
    return confusion
  }
}

function twoSided(differences: Float64Array): number {
  let notPositive = 0
  let notNegative = 0
  for (const difference of differences) {
    if (!(difference > 0)) notPositive++
    if (!(difference < 0)) notNegative++
  }
  return Math.min(1, (2 * (1 + Math.min(notPositive, notNegative))) / (1 + differences.length))
}
