/** One number for a whole confusion matrix, corrected for what chance or imbalance would give. */
import { definedMean } from '../mean.ts'
import { type ClassCounts, type ConfusionMatrix, classCounts } from './confusion.ts'

/** How far apart two classes count: 1 for any two, |i − j| or (i − j)². The last two are for classes that have an order. */
export type KappaWeights = 'none' | 'linear' | 'quadratic'

const distance: Record<KappaWeights, (i: number, j: number) => number> = {
  none: (i, j) => (i === j ? 0 : 1),
  linear: (i, j) => Math.abs(i - j),
  quadratic: (i, j) => (i - j) ** 2,
}

/**
 * Cohen's κ = 1 − Σ w·observed / Σ w·expected, where expected = row sum · column sum / n (Cohen 1960; weighted: 1968).
 * Also the agreement of two models: pass the confusion matrix of the one's predictions with the other's.
 * NaN where chance alone never disagrees: no predictions, or all of them of one class.
 */
export function cohenKappa(confusion: ConfusionMatrix, weights: KappaWeights = 'none'): number {
  const counts = classCounts(confusion)
  const n = sum(counts, ({ actual }) => actual)
  const weight = distance[weights]
  let observed = 0
  let expected = 0
  for (const [i, row] of confusion.entries()) {
    for (const [j, count] of row.entries()) {
      const w = weight(i, j)
      observed += w * count
      expected += (w * (counts[i] as ClassCounts).actual * (counts[j] as ClassCounts).predicted) / n
    }
  }
  return 1 - observed / expected
}

/** κ without weights of the counts of all classes. */
export function cohenKappaOf(counts: readonly ClassCounts[]): number {
  const n = sum(counts, ({ actual }) => actual)
  const observed = n - sum(counts, ({ truePositives }) => truePositives)
  const expected = n - sum(counts, ({ actual, predicted }) => actual * predicted) / n
  return 1 - observed / expected
}

/**
 * Matthews correlation of K classes (Gorodkin 2004): (c·n − Σ tₖpₖ) / √((n² − Σ pₖ²)(n² − Σ tₖ²)), with c right of n, and tₖ of
 * and pₖ predicted as class k. 0 where the denominator is 0: nothing predicted, or one class only on either side.
 */
export function matthews(confusion: ConfusionMatrix): number {
  return matthewsOf(classCounts(confusion))
}

/** The same of the counts of all classes. */
export function matthewsOf(counts: readonly ClassCounts[]): number {
  const n = sum(counts, ({ actual }) => actual)
  const right = sum(counts, ({ truePositives }) => truePositives)
  const covariance = right * n - sum(counts, ({ actual, predicted }) => actual * predicted)
  const actualVariance = n * n - sum(counts, ({ actual }) => actual * actual)
  const predictedVariance = n * n - sum(counts, ({ predicted }) => predicted * predicted)
  const scale = Math.sqrt(actualVariance) * Math.sqrt(predictedVariance)
  return scale === 0 ? 0 : covariance / scale
}

export interface BalancedAccuracyOptions {
  /** Rescaled so that chance is 0 and perfection 1: (b − 1/K) / (1 − 1/K), K the classes that occur. Default false. */
  adjusted?: boolean
}

/** Mean recall of the classes that occur among the actual labels; NaN for no predictions. */
export function balancedAccuracy(confusion: ConfusionMatrix, options: BalancedAccuracyOptions = {}): number {
  const counts = classCounts(confusion)
  const balanced = balancedAccuracyOf(counts)
  if (!options.adjusted) return balanced
  const chance = 1 / counts.filter(({ actual }) => actual > 0).length
  return (balanced - chance) / (1 - chance)
}

/** The same of the counts of all classes. */
export function balancedAccuracyOf(counts: readonly ClassCounts[]): number {
  return definedMean(counts.map(({ truePositives, actual }) => truePositives / actual))
}

function sum(counts: readonly ClassCounts[], value: (counts: ClassCounts) => number): number {
  return counts.reduce((total, count) => total + value(count), 0)
}
