/**
 * What a row of scores says of its label. Rows are read once, here; top-k accuracy, log loss, Brier score, calibration, selective
 * accuracy and the largest losses all follow from these few numbers, so that no metric needs the rows again: 36 bytes a sample
 * in place of K scores, or nothing at all in `OutcomeAccumulator`.
 */
import { checkInteger, checkLabels, checkRows, MetricsInputError } from '../errors.ts'
import { expNegative } from './exp.ts'
import { argmax } from './softmax.ts'

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
    const offset = i * classes
    const label = labels[i] as number
    read(rows, offset, label, classes, seen, i)
    const onTop = ties === 'first' && seen.predicted[i] === label && !Number.isNaN(seen.loss[i])
    seen.rank[i] = onTop ? 0 : rankOf(rows, offset, label, classes, ties)
  }
  return seen
}

// A thousand classes make the loops over one row the whole cost. So they go by twos, each with sums of its own that do not wait for one
// another, pass the label by rather than ask for it, and leave whatever is rare for afterwards.

function readProbabilities(
  rows: ArrayLike<number>,
  offset: number,
  label: number,
  classes: number,
  seen: Outcomes,
  i: number,
): void {
  const own = rows[offset + label] as number
  let best = offset
  let max = rows[offset] as number
  let least = own
  let sum = own
  let otherSum = 0
  let squares = 0
  let otherSquares = 0
  const end = offset + classes
  let at = offset
  for (let to = offset + label; ; to = end) {
    for (; at + 1 < to; at += 2) {
      const p = rows[at] as number
      const q = rows[at + 1] as number
      if (p > max) {
        max = p
        best = at
      }
      if (q > max) {
        max = q
        best = at + 1
      }
      if (p < least) least = p
      if (q < least) least = q
      sum += p
      otherSum += q
      squares += p * p
      otherSquares += q * q
    }
    if (at < to) {
      const p = rows[at] as number
      if (p > max) {
        max = p
        best = at
      }
      if (p < least) least = p
      sum += p
      squares += p * p
    }
    if (to === end) break
    if (own > max) {
      max = own
      best = to
    }
    at = to + 1
  }
  sum += otherSum
  if (least < floor || max > ceiling) sum = clippedSum(rows, offset, classes)
  seen.predicted[i] = best - offset
  seen.confidence[i] = max
  seen.loss[i] = Math.log(sum) - Math.log(clip(own))
  seen.squaredError[i] = squares + otherSquares + (1 - own) * (1 - own)
}

/** Σ clip(p) of a row, whose probabilities it checks. */
function clippedSum(rows: ArrayLike<number>, offset: number, classes: number): number {
  let sum = 0
  for (let k = 0; k < classes; k++) {
    const p = rows[offset + k] as number
    // Softmax in f32 may end a little above 1.
    if (p < 0 || p > 1 + 1e-6) {
      throw new MetricsInputError(
        `probabilities[${offset + k}] is ${p}: it must be from 0 to 1 (for logits say from: 'logits')`,
      )
    }
    sum += clip(p)
  }
  return sum
}

const floor = Number.EPSILON
const ceiling = 1 - Number.EPSILON

function clip(p: number): number {
  return Math.min(Math.max(p, floor), ceiling)
}

function readLogits(
  rows: ArrayLike<number>,
  offset: number,
  label: number,
  classes: number,
  seen: Outcomes,
  i: number,
): void {
  const best = argmax(rows, offset, classes)
  const max = rows[offset + best] as number
  // Sums over the other classes alone: 1 − p of a sure label would be lost to rounding.
  let others = 0
  let squares = 0
  const end = offset + classes
  let at = offset
  for (let to = offset + label; ; to = end) {
    for (; at < to; at++) {
      const e = expNegative(max - (rows[at] as number))
      others += e
      squares += e * e
    }
    if (to === end) break
    at = to + 1
  }
  const behind = max - (rows[offset + label] as number)
  const sum = others + expNegative(behind)
  seen.predicted[i] = best
  seen.confidence[i] = 1 / sum
  seen.loss[i] = label === best ? Math.log1p(others) : Math.log(sum) + behind
  seen.squaredError[i] = (squares + others * others) / (sum * sum)
}

/** How many classes come before the label: those with larger scores, and on one side of it those with equal ones. */
function rankOf(
  rows: ArrayLike<number>,
  offset: number,
  label: number,
  classes: number,
  ties: 'first' | 'last',
): number {
  const own = rows[offset + label] as number
  const [start, at, end] = [offset, offset + label, offset + classes]
  return ties === 'first'
    ? countNotBelow(rows, start, at, own) + countAbove(rows, at + 1, end, own)
    : countAbove(rows, start, at, own) + countNotBelow(rows, at + 1, end, own)
}

// Comparisons with NaN are false: both count a NaN, and for a label's NaN everything.

function countNotBelow(rows: ArrayLike<number>, from: number, to: number, score: number): number {
  let count = 0
  for (let i = from; i < to; i++) count += Number(!((rows[i] as number) < score))
  return count
}

function countAbove(rows: ArrayLike<number>, from: number, to: number, score: number): number {
  let count = 0
  for (let i = from; i < to; i++) count += Number(!((rows[i] as number) <= score))
  return count
}
