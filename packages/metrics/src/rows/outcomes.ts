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
    const tied = read(rows, i * classes, label, classes, seen, i)
    if (tied) seen.rank[i] = (seen.rank[i] as number) + tiedBefore(rows, i * classes, label, classes, ties)
  }
  return seen
}

// One loop over a row does everything, since a thousand classes make the row's loop the whole cost. Both readers below return whether
// another score equals the label's, and leave it out of the rank. A comparison with NaN is false: `!(score <= own)` counts a NaN as
// larger, and all others as larger than a label's NaN.

function readProbabilities(
  rows: ArrayLike<number>,
  offset: number,
  label: number,
  classes: number,
  seen: Outcomes,
  i: number,
): boolean {
  const own = rows[offset + label] as number
  let best = 0
  let max = rows[offset] as number
  let sum = 0
  let squares = 0
  let larger = 0
  let tied = false
  for (let k = 0; k < classes; k++) {
    const p = rows[offset + k] as number
    if (p > max) {
      max = p
      best = k
    }
    if (p < floor) {
      if (p < 0) throw notProbability(p, offset + k)
      sum += floor
    } else sum += p
    if (k === label) continue
    squares += p * p
    if (!(p <= own)) larger++
    else if (p === own) tied = true
  }
  if (max > ceiling) {
    // Softmax in f32 may end a little above 1.
    if (max > 1 + 1e-6) throw notProbability(max, offset + best)
    sum = 0
    for (let k = 0; k < classes; k++) sum += clip(rows[offset + k] as number)
  }
  seen.predicted[i] = best
  seen.confidence[i] = max
  seen.loss[i] = Math.log(sum) - Math.log(clip(own))
  seen.squaredError[i] = squares + (1 - own) * (1 - own)
  seen.rank[i] = larger
  return tied
}

const floor = Number.EPSILON
const ceiling = 1 - Number.EPSILON

function clip(p: number): number {
  return Math.min(Math.max(p, floor), ceiling)
}

function notProbability(p: number, at: number): MetricsInputError {
  return new MetricsInputError(`probabilities[${at}] is ${p}: it must be from 0 to 1 (for logits say from: 'logits')`)
}

function readLogits(
  rows: ArrayLike<number>,
  offset: number,
  label: number,
  classes: number,
  seen: Outcomes,
  i: number,
): boolean {
  const own = rows[offset + label] as number
  let best = 0
  let max = rows[offset] as number
  let larger = 0
  let equal = 0
  for (let k = 0; k < classes; k++) {
    const score = rows[offset + k] as number
    if (score > max) {
      max = score
      best = k
    }
    if (!(score <= own)) larger++
    else if (score === own) equal++
  }
  // Sums over the other classes alone: 1 − p of a sure label would be lost to rounding.
  let others = 0
  let squares = 0
  for (let k = 0; k < classes; k++) {
    if (k === label) continue
    const e = Math.exp((rows[offset + k] as number) - max)
    others += e
    squares += e * e
  }
  const shifted = own - max
  const sum = others + Math.exp(shifted)
  seen.predicted[i] = best
  seen.confidence[i] = 1 / sum
  seen.loss[i] = label === best ? Math.log1p(others) : Math.log(sum) - shifted
  seen.squaredError[i] = (squares + others * others) / (sum * sum)
  // A label's NaN is counted as larger than itself.
  seen.rank[i] = Number.isNaN(own) ? larger - 1 : larger
  return equal > 1
}

/** How many of the scores that equal the label's rank before it. */
function tiedBefore(
  rows: ArrayLike<number>,
  offset: number,
  label: number,
  classes: number,
  ties: 'first' | 'last',
): number {
  const own = rows[offset + label]
  const [from, to] = ties === 'first' ? [0, label] : [label + 1, classes]
  let before = 0
  for (let k = from; k < to; k++) {
    if (rows[offset + k] === own) before++
  }
  return before
}
