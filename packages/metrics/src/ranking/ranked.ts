/**
 * Samples in the order of a score, as counts at every threshold: all that ROC and precision-recall curves, their areas, average
 * precision and the choice of a threshold need. Scores that are equal share a threshold, so ties are exact.
 */
import { checkSameLength, MetricsInputError } from '../errors.ts'

/** Columns with an entry for each distinct score, highest first: what is accepted when everything from that score up is. */
export interface Ranked {
  thresholds: Float64Array
  /** Positives among the accepted; the last entry is all of them. */
  truePositives: Float64Array
  /** Negatives among the accepted. */
  falsePositives: Float64Array
}

/**
 * Ranks samples by `scores`; `positive` says which of them belong to the class (true or not 0). O(n log n) time in the native sort of
 * typed arrays, 8 bytes a sample; for more than fits use `ScoreHistogram`.
 * Throws MetricsInputError for lists of different lengths and scores that are NaN.
 */
export function rank(positive: ArrayLike<number | boolean>, scores: ArrayLike<number>): Ranked {
  checkSameLength(positive, 'positive flags', scores, 'scores')
  const n = scores.length
  let positives = 0
  for (let i = 0; i < n; i++) {
    if (Number.isNaN(scores[i])) throw new MetricsInputError(`scores[${i}] is NaN: it has no rank`)
    if (positive[i]) positives++
  }
  // Sorted apart and merged: a native sort of numbers needs no flags carried along.
  const high = new Float64Array(positives)
  const low = new Float64Array(n - positives)
  for (let i = 0, p = 0, q = 0; i < n; i++) {
    if (positive[i]) high[p++] = scores[i] as number
    else low[q++] = scores[i] as number
  }
  return merge(high.sort(), low.sort())
}

/** The counts of positives and negatives, both ascending, at each of their distinct values, descending. */
function merge(positives: Float64Array, negatives: Float64Array): Ranked {
  const n = positives.length + negatives.length
  const thresholds = new Float64Array(n)
  const truePositives = new Float64Array(n)
  const falsePositives = new Float64Array(n)
  let p = positives.length
  let q = negatives.length
  let distinct = 0
  while (p > 0 || q > 0) {
    const score = Math.max(positives[p - 1] ?? -Infinity, negatives[q - 1] ?? -Infinity)
    while (p > 0 && positives[p - 1] === score) p--
    while (q > 0 && negatives[q - 1] === score) q--
    thresholds[distinct] = score
    truePositives[distinct] = positives.length - p
    falsePositives[distinct] = negatives.length - q
    distinct++
  }
  return {
    thresholds: thresholds.slice(0, distinct),
    truePositives: truePositives.slice(0, distinct),
    falsePositives: falsePositives.slice(0, distinct),
  }
}

/** How many samples are positive and how many negative. */
export function totals({ truePositives, falsePositives }: Ranked): { positives: number; negatives: number } {
  return { positives: truePositives.at(-1) ?? 0, negatives: falsePositives.at(-1) ?? 0 }
}
