import { checkInteger, MetricsInputError } from '../errors.ts'
import { expNegative } from './exp.ts'

/** Rows of logits: [n, K] flat, row-major, so that row i begins at i·K. All arithmetic is in f64. */
export type Logits = ArrayLike<number>

/** log Σ exp(x) of the row of `classes` logits that begins at `offset`, shifted by its maximum so that it cannot overflow. */
export function logSumExp(logits: Logits, offset: number, classes: number): number {
  const max = maximum(logits, offset, classes)
  let sum = 0
  for (let k = 0; k < classes; k++) sum += expNegative(max - (logits[offset + k] as number))
  return max + Math.log(sum)
}

/** Probabilities [n, K] of logits [n, K] at a temperature T, 1 by default: exp(x/T) / Σ exp(x/T) in each row, shifted likewise. */
export function softmax(logits: Logits, classes: number, temperature = 1): Float64Array {
  checkInteger(classes, 1, 'classes')
  if (!(temperature > 0)) throw new MetricsInputError(`temperature is ${temperature}: it must be above 0`)
  if (logits.length % classes !== 0) {
    throw new MetricsInputError(`logits holds ${logits.length} numbers: rows of ${classes} classes do not fill it`)
  }
  const probabilities = new Float64Array(logits.length)
  for (let offset = 0; offset < logits.length; offset += classes) {
    const max = maximum(logits, offset, classes)
    let sum = 0
    for (let k = 0; k < classes; k++) {
      sum += probabilities[offset + k] = expNegative((max - (logits[offset + k] as number)) / temperature)
    }
    for (let k = 0; k < classes; k++) probabilities[offset + k] = (probabilities[offset + k] as number) / sum
  }
  return probabilities
}

function maximum(values: Logits, offset: number, classes: number): number {
  let max = -Infinity
  for (let k = 0; k < classes; k++) max = Math.max(max, values[offset + k] as number)
  return max
}

/** Index of the largest of the `classes` values that begin at `offset`: the first of equals, as numpy's and torch's argmax. */
export function argmax(values: ArrayLike<number>, offset: number, classes: number): number {
  let best = 0
  let max = values[offset] as number
  for (let k = 1; k < classes; k++) {
    const value = values[offset + k] as number
    if (value > max) {
      max = value
      best = k
    }
  }
  return best
}
