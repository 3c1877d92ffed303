/**
 * Temperature scaling (Guo, Pleiss, Sun, Weinberger: "On calibration of modern neural networks", ICML 2017): one number T, by
 * which all logits are divided, makes a model as sure as it should be. What it predicts does not change.
 */
import { checkInteger, checkLabels, checkRows, MetricsInputError } from '../errors.ts'
import { expNegative } from './exp.ts'
import type { Logits } from './softmax.ts'

export interface TemperatureFit {
  /** Divide logits by it: above 1 the model was too sure of itself, below 1 not enough. */
  temperature: number
  /** Mean negative log likelihood at T = 1 and at `temperature`, never larger than the first. */
  before: number
  after: number
}

/** T is looked for between these: a set that is wholly right asks for 0, one no better than chance for infinity. */
const lowestTemperature = 0.01
const highestTemperature = 100

/**
 * The T that makes the mean negative log likelihood of `logits` [n, K], flat, with `labels` [n] least. Fit it on a validation set.
 *
 * In β = 1 / T the likelihood L is convex: L′ = mean(E[z] − z_label), L″ = mean Var[z], both under softmax(β·z). So its minimum is
 * where L′ changes sign: Newton's method, kept within a bracket that halves wherever Newton would leave it.
 * Throws MetricsInputError for no rows, rows that do not fit, labels without a class and logits that are not finite.
 */
export function fitTemperature(
  labels: ArrayLike<number>,
  logits: Logits,
  { classes }: { classes: number },
): TemperatureFit {
  checkInteger(classes, 1, 'classes')
  if (labels.length === 0) throw new MetricsInputError('labels is empty: a temperature is fitted to at least one row')
  checkRows(logits, labels.length, classes, 'logits')
  checkLabels(labels, classes, 'labels')
  for (let i = 0; i < logits.length; i++) {
    if (!Number.isFinite(logits[i])) {
      throw new MetricsInputError(`logits[${i}] is ${logits[i]}: a temperature is fitted to finite logits`)
    }
  }

  const likelihood = (beta: number): Likelihood => likelihoodAt(beta, labels, logits, classes)
  const start = likelihood(1)
  let low = 1 / highestTemperature
  let high = 1 / lowestTemperature
  let beta = 1
  let at = start
  let best = { beta, value: start.value }
  for (let round = 0; round < 100 && at.slope !== 0; round++) {
    if (at.slope > 0) high = beta
    else low = beta
    const newton = beta - at.slope / at.curvature
    // Not `newton <= low`: that is false for the NaN or infinity of a flat likelihood.
    const next = newton > low && newton < high ? newton : Math.sqrt(low * high)
    if (Math.abs(next - beta) <= 1e-12 * beta) break
    beta = next
    at = likelihood(beta)
    if (at.value < best.value) best = { beta, value: at.value }
  }
  return { temperature: 1 / best.beta, before: start.value, after: best.value }
}

/** Mean negative log likelihood at β, with its first and second derivative. */
interface Likelihood {
  value: number
  slope: number
  curvature: number
}

function likelihoodAt(beta: number, labels: ArrayLike<number>, logits: Logits, classes: number): Likelihood {
  let value = 0
  let slope = 0
  let curvature = 0
  for (let i = 0; i < labels.length; i++) {
    const offset = i * classes
    let max = -Infinity
    for (let k = 0; k < classes; k++) max = Math.max(max, logits[offset + k] as number)
    // Moments of z − max, so that large logits do not cancel.
    let sum = 0
    let first = 0
    let second = 0
    for (let k = 0; k < classes; k++) {
      const z = (logits[offset + k] as number) - max
      const e = expNegative(-beta * z)
      sum += e
      first += e * z
      second += e * z * z
    }
    const label = (logits[offset + (labels[i] as number)] as number) - max
    const mean = first / sum
    value += Math.log(sum) - beta * label
    slope += mean - label
    curvature += second / sum - mean * mean
  }
  const n = labels.length
  return { value: value / n, slope: slope / n, curvature: curvature / n }
}
