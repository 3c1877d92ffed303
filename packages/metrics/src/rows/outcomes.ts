/**
 * What a row of scores says of its label. Rows are read once, here; top-k accuracy, log loss, Brier score, calibration, selective
 * accuracy and the largest losses all follow from these few numbers, so that no metric needs the rows again: 36 bytes a sample
 * in place of K scores, or nothing at all in `OutcomeAccumulator`.
 */
import { checkInteger, checkLabels, checkRows, MetricsInputError } from '../errors.ts'

export interface RowOptions {
  /** Number of classes K. */
  classes: number
  /** Whether the rows are probabilities (the default) or logits. */
  from?: 'probabilities' | 'logits'
  /**
   * Which of equal scores ranks first: the first class (the default), so that the top 1 is the predicted class, or the last, as
   * scikit-learn's top_k_accuracy_score has it.
   */
  ties?: 'first' | 'last'
}

/** Columns with a value for each row. */
export interface Outcomes {
  /** K, the same for all rows. */
  classes: number
  label: Uint32Array
  /** The class with the largest score, the first of equals. */
  predicted: Uint32Array
  /** Probability of the predicted class. */
  confidence: Float64Array
  /** −log of the label's probability, in nats. */
  loss: Float64Array
  /** How many classes rank before the label: 0 where it is on top. */
  rank: Uint32Array
  /** Σₖ (pₖ − [k is the label])², from 0 to 2. */
  squaredError: Float64Array
}

/**
 * Reads `rows` [n, K], flat and row-major, against `labels` [n].
 *
 * Probabilities: the loss is scikit-learn's (1.2) log_loss: clipped to [2⁻⁵², 1 − 2⁻⁵²], then divided by the row's sum; all else
 * takes them as they are. Logits: softmax, which needs no clipping. A NaN among the scores makes loss and squared error
 * NaN; it ranks before every number, and a label whose own score is NaN ranks last.
 *
 * Throws MetricsInputError where they do not fit together, a label has no class, or a probability is outside [0, 1].
 */
export function outcomes(labels: ArrayLike<number>, rows: ArrayLike<number>, options: RowOptions): Outcomes {
  const { classes, from = 'probabilities', ties = 'first' } = options
  checkInteger(classes, 1, 'classes')
  checkRows(rows, labels.length, classes, from)
  checkLabels(labels, classes, 'labels')
  const n = labels.length
  const seen: Outcomes = {
    classes,
    label: Uint32Array.from(labels),
    predicted: new Uint32Array(n),
    confidence: new Float64Array(n),
    loss: new Float64Array(n),
    rank: new Uint32Array(n),
    squaredError: new Float64Array(n),
  }
  const read = from === 'logits' ? readLogits : readProbabilities
  for (let i = 0; i < n; i++) {
    const label = labels[i] as number
    seen.rank[i] = rankOf(rows, i * classes, label, classes, ties === 'last')
    read(rows, i * classes, label, classes, seen, i)
  }
  return seen
}

/** How many scores come before the label's: the larger ones, and equal ones on one side of it. */
function rankOf(rows: ArrayLike<number>, offset: number, label: number, classes: number, tiesLast: boolean): number {
  const own = rows[offset + label] as number
  let larger = 0
  let equalBefore = 0
  let equalAfter = 0
  // A comparison with NaN is false, so that a NaN counts as larger, and before a label's NaN come all others.
  for (let k = 0; k < label; k++) {
    const score = rows[offset + k] as number
    if (!(score <= own)) larger++
    else if (score === own) equalBefore++
  }
  for (let k = label + 1; k < classes; k++) {
    const score = rows[offset + k] as number
    if (!(score <= own)) larger++
    else if (score === own) equalAfter++
  }
  return larger + (tiesLast ? equalAfter : equalBefore)
}

function readProbabilities(
  rows: ArrayLike<number>,
  offset: number,
  label: number,
  classes: number,
  seen: Outcomes,
  i: number,
): void {
  let best = 0
  let max = rows[offset] as number
  let least = max
  let clippedSum = 0
  let squares = 0
  for (let k = 0; k < classes; k++) {
    const p = rows[offset + k] as number
    if (p > max) {
      max = p
      best = k
    } else if (p < least) least = p
    clippedSum += clip(p)
    if (k !== label) squares += p * p
  }
  // Softmax in f32 may end a little above 1.
  if (least < 0 || max > 1 + 1e-6) {
    const k = least < 0 ? indexOf(rows, offset, least) : best
    throw new MetricsInputError(
      `probabilities[${offset + k}] is ${rows[offset + k]}: it must be from 0 to 1 (for logits say from: 'logits')`,
    )
  }
  const own = rows[offset + label] as number
  seen.predicted[i] = best
  seen.confidence[i] = max
  seen.loss[i] = Math.log(clippedSum) - Math.log(clip(own))
  seen.squaredError[i] = squares + (1 - own) * (1 - own)
}

function clip(p: number): number {
  return Math.min(Math.max(p, Number.EPSILON), 1 - Number.EPSILON)
}

function readLogits(
  rows: ArrayLike<number>,
  offset: number,
  label: number,
  classes: number,
  seen: Outcomes,
  i: number,
): void {
  let best = 0
  for (let k = 1; k < classes; k++) {
    if ((rows[offset + k] as number) > (rows[offset + best] as number)) best = k
  }
  const max = rows[offset + best] as number
  // Sums over the other classes alone: 1 − p of a sure label would be lost to rounding.
  let others = 0
  let squares = 0
  for (let k = 0; k < classes; k++) {
    if (k === label) continue
    const e = Math.exp((rows[offset + k] as number) - max)
    others += e
    squares += e * e
  }
  const shifted = (rows[offset + label] as number) - max
  const sum = others + Math.exp(shifted)
  seen.predicted[i] = best
  seen.confidence[i] = 1 / sum
  seen.loss[i] = label === best ? Math.log1p(others) : Math.log(sum) - shifted
  seen.squaredError[i] = (squares + others * others) / (sum * sum)
}

function indexOf(rows: ArrayLike<number>, offset: number, value: number): number {
  let k = 0
  while (rows[offset + k] !== value) k++
  return k
}
