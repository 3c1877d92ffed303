import { checkLabels, checkRows, MetricsInputError } from '../errors.ts'
import { outcomes, type RowOptions } from './outcomes.ts'
import { type Logits, logSumExp } from './softmax.ts'

export interface CrossEntropyOptions {
  /** Number of classes K. */
  classes: number
  /** ε ∈ [0, 1): the share of the target spread evenly over all classes. Default 0. */
  labelSmoothing?: number
  /** A weight w for each class; the mean is then over Σ w_label. Default null: 1 for each. */
  classWeights?: readonly number[] | null
}

/**
 * Cross entropy of one row of logits with its label: (1−ε)·w_label·(−log p_label) + (ε/K)·Σ_k w_k·(−log p_k)
 * (Szegedy et al. 2016, "Rethinking the Inception Architecture"; the form of torch's CrossEntropyLoss).
 * Its least value is the entropy of the smoothed target, not 0: .4848 for 9 classes and ε .1.
 */
export function rowCrossEntropy(
  logits: Logits,
  offset: number,
  label: number,
  classes: number,
  epsilon: number,
  weights: readonly number[] | null = null,
): number {
  const norm = logSumExp(logits, offset, classes)
  const negativeLogLikelihood = (norm - (logits[offset + label] as number)) * (weights?.[label] ?? 1)
  if (epsilon === 0) return negativeLogLikelihood
  let sum = 0
  for (let k = 0; k < classes; k++) sum += (norm - (logits[offset + k] as number)) * (weights?.[k] ?? 1)
  return (1 - epsilon) * negativeLogLikelihood + (epsilon / classes) * sum
}

/** Mean cross entropy of logits [n, K] with labels [n], as training reports it. NaN for no rows. */
export function crossEntropy(labels: ArrayLike<number>, logits: Logits, options: CrossEntropyOptions): number {
  const { classes, labelSmoothing = 0, classWeights = null } = options
  checkLabelSmoothing(labelSmoothing)
  checkClassWeights(classWeights, classes)
  checkRows(logits, labels.length, classes, 'logits')
  checkLabels(labels, classes, 'labels')
  let sum = 0
  let total = 0
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number
    sum += rowCrossEntropy(logits, i * classes, label, classes, labelSmoothing, classWeights)
    total += classWeights?.[label] ?? 1
  }
  return sum / total
}

/**
 * Log loss: the mean −log p of the true class, in nats, of probabilities or logits; see `outcomes` for the rows, clipping and errors.
 * NaN for no rows.
 */
export function logLoss(labels: ArrayLike<number>, rows: ArrayLike<number>, options: RowOptions): number {
  return mean(outcomes(labels, rows, options).loss)
}

/**
 * Brier score of K classes (Brier 1950): the mean Σₖ (pₖ − [k is the label])², from 0 to 2. Of two classes that is twice
 * scikit-learn's brier_score_loss, which counts one of them. NaN for no rows.
 */
export function brierScore(labels: ArrayLike<number>, rows: ArrayLike<number>, options: RowOptions): number {
  return mean(outcomes(labels, rows, options).squaredError)
}

function mean(values: Float64Array): number {
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

/** Throws unless ε can be a share of the target. */
export function checkLabelSmoothing(epsilon: number): void {
  if (!(epsilon >= 0 && epsilon < 1)) {
    throw new MetricsInputError(`labelSmoothing is ${epsilon}: it must be at least 0 and less than 1`)
  }
}

/** Throws unless there is one weight for each class, none negative. */
export function checkClassWeights(weights: readonly number[] | null, classes: number): void {
  if (weights && (weights.length !== classes || !weights.every((weight) => weight >= 0 && weight < Infinity))) {
    throw new MetricsInputError(
      `classWeights is [${weights.join(', ')}]: it must be ${classes} numbers, one for each class, none negative`,
    )
  }
}
