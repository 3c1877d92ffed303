import { type ClassCounts, type ConfusionMatrix, classCounts } from '../counts/confusion.ts'
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
  const { cells, counts, strata } = cellsOf(confusion, options)
  const fill = filler(confusion.length, cells, ({ predicted }) => predicted)
  return mapValues(replicate({ counts, strata }, fill, statistics, options), ({ interval }) => interval)
}

/** Statistics of the counts of all classes, which they may read, not keep. */
export type CountStatistics<Name extends string> = Record<Name, (counts: readonly ClassCounts[]) => number>

/** The same of statistics that need no more than the counts of each class: a replicate costs its cells and classes, not K². */
export function bootstrapCounts<Name extends string>(
  confusion: ConfusionMatrix,
  statistics: CountStatistics<Name>,
  options: StratifiedOptions = {},
): Record<Name, Interval> {
  const { cells, counts, strata } = cellsOf(confusion, options)
  const classes = confusion.map((): ClassCounts => ({ truePositives: 0, predicted: 0, actual: 0 }))
  const count = (drawn: Uint32Array): ClassCounts[] => {
    for (const one of classes) one.truePositives = one.predicted = one.actual = 0
    for (const [c, { actual, predicted }] of cells.entries()) {
      const n = drawn[c] as number
      const of = classes[actual] as ClassCounts
      of.actual += n
      if (actual === predicted) of.truePositives += n
      ;(classes[predicted] as ClassCounts).predicted += n
    }
    return classes
  }
  return mapValues(replicate({ counts, strata }, count, statistics, options), ({ interval }) => interval)
}

/** The kinds of predictions that occur, as the bootstrap takes them. */
function cellsOf(confusion: ConfusionMatrix, { stratified }: StratifiedOptions) {
  classCounts(confusion) // throws unless it is square
  const cells = confusion.flatMap((row, actual) =>
    row.flatMap((count, predicted) => {
      checkInteger(count, 0, `confusion[${actual}][${predicted}]`)
      return count > 0 ? [{ actual, predicted, count }] : []
    }),
  )
  return {
    cells,
    counts: Uint32Array.from(cells, ({ count }) => count),
    strata: stratified ? cells.map(({ actual }) => actual) : null,
  }
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
    (drawn) => ({ first: fillFirst(drawn), second: fillSecond(drawn) }),
    mapValues(
      statistics,
      (statistic) => (drawn: { first: ConfusionMatrix; second: ConfusionMatrix }) =>
        statistic(drawn.second) - statistic(drawn.first),
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
