/**
 * Batch normalisation in f64 over the rows (n, y, x) of x [rows, channels], as torch.nn.BatchNorm2d: the variance that
 * normalises is biased (÷ rows), the one that moves the running variance is unbiased (÷ rows − 1).
 */

export const batchNormEpsilon = 1e-5
export const batchNormMomentum = 0.1

export interface BatchNormShape {
  rows: number
  channels: number
}

export interface BatchNormTraining {
  y: Float64Array
  /** Mean of the batch, a channel each. */
  mean: Float64Array
  /** 1/√(σ² + ε). */
  inverseDeviation: Float64Array
  /** The running statistics after this batch. */
  runningMean: Float64Array
  runningVariance: Float64Array
}

/** y = γ·(x − μ)/√(σ² + ε) + β with the batch's own statistics. Throws RangeError where one row leaves no variance. */
export function batchNormTraining(
  { rows, channels }: BatchNormShape,
  x: Float64Array,
  gamma: Float64Array,
  beta: Float64Array,
  runningMean: Float64Array,
  runningVariance: Float64Array,
): BatchNormTraining {
  if (rows < 2) throw new RangeError(`batchNormTraining: rows is ${rows}; a variance needs at least 2`)
  const mean = new Float64Array(channels)
  const variance = new Float64Array(channels)
  for (let i = 0; i < rows * channels; i++) mean[i % channels]! += x[i]! / rows
  for (let i = 0; i < rows * channels; i++) variance[i % channels]! += (x[i]! - mean[i % channels]!) ** 2 / rows
  const inverseDeviation = variance.map((v) => 1 / Math.sqrt(v + batchNormEpsilon))
  const y = x.map((v, i) => {
    const c = i % channels
    return gamma[c]! * (v - mean[c]!) * inverseDeviation[c]! + beta[c]!
  })
  const move = (old: number, now: number): number => (1 - batchNormMomentum) * old + batchNormMomentum * now
  return {
    y,
    mean,
    inverseDeviation,
    runningMean: runningMean.map((v, c) => move(v, mean[c]!)),
    runningVariance: runningVariance.map((v, c) => move(v, (variance[c]! * rows) / (rows - 1))),
  }
}

/** Gradients of `batchNormTraining` with respect to x, γ and β. */
export function batchNormGradient(
  { rows, channels }: BatchNormShape,
  x: Float64Array,
  { mean, inverseDeviation }: Pick<BatchNormTraining, 'mean' | 'inverseDeviation'>,
  gamma: Float64Array,
  dy: Float64Array,
): { dx: Float64Array; dgamma: Float64Array; dbeta: Float64Array } {
  const dgamma = new Float64Array(channels)
  const dbeta = new Float64Array(channels)
  const normalised = x.map((v, i) => (v - mean[i % channels]!) * inverseDeviation[i % channels]!)
  for (let i = 0; i < rows * channels; i++) {
    dgamma[i % channels]! += dy[i]! * normalised[i]!
    dbeta[i % channels]! += dy[i]!
  }
  const dx = dy.map((g, i) => {
    const c = i % channels
    return gamma[c]! * inverseDeviation[c]! * (g - dbeta[c]! / rows - (normalised[i]! * dgamma[c]!) / rows)
  })
  return { dx, dgamma, dbeta }
}

/** y = γ·(x − running mean)/√(running variance + ε) + β. */
export function batchNormEvaluation(
  { channels }: Pick<BatchNormShape, 'channels'>,
  x: Float64Array,
  gamma: Float64Array,
  beta: Float64Array,
  runningMean: Float64Array,
  runningVariance: Float64Array,
): Float64Array {
  return x.map((v, i) => {
    const c = i % channels
    return (gamma[c]! * (v - runningMean[c]!)) / Math.sqrt(runningVariance[c]! + batchNormEpsilon) + beta[c]!
  })
}
