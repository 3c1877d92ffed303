/** What the curve of a metric over epochs says. */
import { checkSameLength, MetricsInputError } from './errors.ts'

export type Direction = 'lower' | 'higher'

export interface CurveSummary {
  /** Index and value of the best epoch: the first of equals, NaN never. */
  best: { epoch: number; value: number }
  last: number
  /** Epochs since the best: what patience counts. */
  sinceBest: number
  /** How much worse the last is than the best, at least 0. */
  regret: number
}

/** The best of a curve and how it ended; `better` says which values are. Throws where no value is a number. */
export function summariseCurve(values: ArrayLike<number>, better: Direction): CurveSummary {
  const sign = better === 'higher' ? 1 : -1
  let best = -1
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (Number.isNaN(value)) continue
    if (best < 0 || sign * value > sign * (values[best] as number)) best = i
  }
  if (best < 0) throw new MetricsInputError('the curve has no value: no epoch, or NaN in every one')
  const value = values[best] as number
  const last = values[values.length - 1] as number
  return {
    best: { epoch: best, value },
    last,
    sinceBest: values.length - 1 - best,
    regret: last === value ? 0 : sign * (value - last),
  }
}

export interface FitSummary {
  train: CurveSummary
  valid: CurveSummary
  /** Validation loss less training loss at the best epoch and at the last: what the model does not carry over to new images. */
  gapAtBest: number
  gapAtLast: number
  /**
   * How much of the validation loss was lost again since the best epoch while the training loss went on falling: 0 for a model that
   * does not overfit.
   */
  overfit: number
}

/** Training and validation losses of the same epochs beside each other. */
export function summariseFit(trainLoss: ArrayLike<number>, validLoss: ArrayLike<number>): FitSummary {
  checkSameLength(trainLoss, 'training losses', validLoss, 'validation losses')
  const train = summariseCurve(trainLoss, 'lower')
  const valid = summariseCurve(validLoss, 'lower')
  const trainAtBest = trainLoss[valid.best.epoch] as number
  return {
    train,
    valid,
    gapAtBest: valid.best.value - trainAtBest,
    gapAtLast: valid.last - train.last,
    overfit: train.last < trainAtBest ? valid.regret : 0,
  }
}

/**
 * Exponential mean of a noisy curve, such as losses of single batches, freed of its start at 0: mᵢ = β·mᵢ₋₁ + (1 − β)·xᵢ, shown as
 * mᵢ / (1 − βⁱ), as fastai smooths its training loss. β .98 by default. NaN from the first NaN on.
 */
export function smooth(values: ArrayLike<number>, beta = 0.98): Float64Array {
  if (!(beta >= 0 && beta < 1)) throw new MetricsInputError(`beta is ${beta}: it must be at least 0 and less than 1`)
  let mean = 0
  let weight = 1
  return Float64Array.from(values, (value) => {
    mean = beta * mean + (1 - beta) * value
    weight *= beta
    return mean / (1 - weight)
  })
}
