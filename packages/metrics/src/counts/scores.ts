import { MetricsInputError } from '../errors.ts'
import { definedMean } from '../mean.ts'
import type { ClassCounts } from './confusion.ts'

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
  const { truePositives, predicted, actual } = counts
  return {
    precision: ratio(truePositives, predicted, options),
    recall: ratio(truePositives, actual, options),
    f1: fBeta(counts, 1, options),
  }
}

/**
 * Fβ = (1 + β²)·true positives / (β²·actual + predicted): the harmonic mean of precision and recall with recall weighing β² times
 * as much (van Rijsbergen 1979). β is from 0 (precision) to Infinity (recall).
 */
export function fBeta(counts: ClassCounts, beta: number, options: ScoreOptions = {}): number {
  if (!(beta >= 0)) throw new MetricsInputError(`beta is ${beta}: it must be at least 0`)
  const { truePositives, predicted, actual } = counts
  if (beta === Infinity) return ratio(truePositives, actual, options)
  return ratio((1 + beta * beta) * truePositives, beta * beta * actual + predicted, options)
}

function ratio(numerator: number, denominator: number, { zeroDivision = 0 }: ScoreOptions): number {
  if (zeroDivision !== 0 && zeroDivision !== 1 && !Number.isNaN(zeroDivision)) {
    throw new MetricsInputError(`zeroDivision is ${zeroDivision}: it must be 0, 1 or NaN`)
  }
  return denominator === 0 ? zeroDivision : numerator / denominator
}

/**
 * Precision, recall and F1 over several classes; pass the counts of the classes that shall take part (scikit-learn's `labels`).
 * Undefined scores that are NaN are left out; the mean of nothing is NaN.
 */
export function averageScores(counts: readonly ClassCounts[], average: Average, options: ScoreOptions = {}): Scores {
  const mean = (key: keyof Scores): number => averageScore(counts, average, (count) => classScores(count, options)[key])
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') }
}

/** Any score of counts over several classes, averaged as `averageScores` does: `(counts) => fBeta(counts, 2)`. */
export function averageScore(
  counts: readonly ClassCounts[],
  average: Average,
  score: (counts: ClassCounts) => number,
): number {
  if (average === 'micro') return score(sumCounts(counts))
  return definedMean(counts.map(score), average === 'weighted' ? counts.map(({ actual }) => actual) : null)
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
