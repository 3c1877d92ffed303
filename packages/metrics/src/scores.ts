import type { ClassCounts } from './confusion.ts'
import { MetricsInputError } from './errors.ts'

/** Precision, recall and F1, each in [0, 1] or the value chosen for an undefined ratio. */
export interface Scores {
  /** True positives / predicted. */
  precision: number
  /** True positives / actual. */
  recall: number
  /** Harmonic mean of the two: 2·true positives / (predicted + actual). */
  f1: number
}

/**
 * How the scores of classes become one.
 * micro: counts summed first; macro: plain mean; weighted: mean weighted by each class's actual count.
 */
export type Average = 'micro' | 'macro' | 'weighted'

export interface ScoreOptions {
  /** The value of a ratio whose denominator is 0: 0 (the default), 1 or NaN, which averages leave out. */
  zeroDivision?: number
}

/** The scores of one class, as scikit-learn's precision_recall_fscore_support (1.3 and later) defines them. */
export function classScores(counts: ClassCounts, options: ScoreOptions = {}): Scores {
  const { zeroDivision = 0 } = options
  if (zeroDivision !== 0 && zeroDivision !== 1 && !Number.isNaN(zeroDivision)) {
    throw new MetricsInputError(`zeroDivision is ${zeroDivision}: it must be 0, 1 or NaN`)
  }
  const { truePositives, predicted, actual } = counts
  const ratio = (numerator: number, denominator: number): number =>
    denominator === 0 ? zeroDivision : numerator / denominator
  return {
    precision: ratio(truePositives, predicted),
    recall: ratio(truePositives, actual),
    f1: ratio(2 * truePositives, predicted + actual),
  }
}

/**
 * One score over several classes; pass the counts of the classes that shall take part (scikit-learn's `labels`).
 * Undefined scores that are NaN are left out; the mean of nothing is NaN.
 */
export function averageScores(counts: readonly ClassCounts[], average: Average, options: ScoreOptions = {}): Scores {
  if (average === 'micro') return classScores(sumCounts(counts), options)
  const scores = counts.map((count) => classScores(count, options))
  const weights = average === 'weighted' ? counts.map((count) => count.actual) : null
  const mean = (key: keyof Scores): number =>
    definedMean(
      scores.map((score) => score[key]),
      weights,
    )
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') }
}

function sumCounts(counts: readonly ClassCounts[]): ClassCounts {
  const sum: ClassCounts = { truePositives: 0, predicted: 0, actual: 0 }
  for (const count of counts) {
    sum.truePositives += count.truePositives
    sum.predicted += count.predicted
    sum.actual += count.actual
  }
  return sum
}

/** Mean of the values that are not NaN; weights that are all 0 are ignored, as scikit-learn does. */
function definedMean(values: readonly number[], weights: readonly number[] | null): number {
  let sum = 0
  let weightSum = 0
  let plainSum = 0
  let defined = 0
  values.forEach((value, i) => {
    if (Number.isNaN(value)) return
    const weight = weights === null ? 1 : (weights[i] as number)
    sum += weight * value
    weightSum += weight
    plainSum += value
    defined++
  })
  return weightSum === 0 ? plainSum / defined : sum / weightSum
}
