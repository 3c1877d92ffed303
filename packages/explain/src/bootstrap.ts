import { ExplainInputError } from './errors.ts'
import { Purpose, words } from './random.ts'

export interface BootstrapSettings {
  /** How sure, from how many resamplings, drawn by which seed. */
  confidence: number
  replicates: number
  seed: number
}

export const defaultReplicates = 200

export interface ScoredFit {
  /** The fit's weights, about which the intervals lie. */
  weights: Float64Array
  /** Rows of the matrix that was fitted, [rows, features]; `group` neighbours are drawn together. */
  x: Float64Array
  means: Float64Array
  rowWeights: ArrayLike<number>
  residuals: Float64Array
  group: number
  /** What the penalty adds to the sum of all scores. */
  pull: Float64Array
  /** From a change of that sum to one of the weights. */
  solve(gradient: Float64Array): Float64Array
}

/**
 * Percentile intervals of a fit's weights: groups of rows are drawn with replacement, and the fit takes one Newton step from
 * the one that is known, so that a resampling costs one product instead of a factorisation. Residuals are widened for the
 * degrees of freedom that the fit has used up.
 */
export function bootstrap(
  { weights, x, means, rowWeights, residuals, group, pull, solve }: ScoredFit,
  { confidence, replicates, seed }: BootstrapSettings,
): { low: Float64Array; high: Float64Array } {
  const features = weights.length
  const rows = residuals.length
  const groups = Math.floor(rows / group)
  const widen = rows > 2 * features ? Math.sqrt(rows / (rows - features)) : Math.SQRT2
  const scores = new Float64Array(groups * features)
  for (let s = 0; s < groups * group; s++) {
    const share = (rowWeights[s] as number) * (residuals[s] as number) * widen
    const at = Math.floor(s / group) * features
    for (let f = 0; f < features; f++) {
      const centred = (x[s * features + f] as number) - (means[f] as number)
      scores[at + f] = (scores[at + f] as number) + share * centred
    }
  }
  const draws = Array.from({ length: features }, () => new Float64Array(replicates))
  for (let r = 0; r < replicates; r++) {
    const gradient = pull.map((value) => widen * value)
    for (let i = 0; i < groups; i++) {
      const word = words(seed, Purpose.bootstrap, r, i >>> 2)[i & 3] as number
      const at = Math.floor((word / 2 ** 32) * groups) * features
      for (let f = 0; f < features; f++) gradient[f] = (gradient[f] as number) + (scores[at + f] as number)
    }
    solve(gradient).forEach((step, f) => {
      ;(draws[f] as Float64Array)[r] = (weights[f] as number) + step
    })
  }
  const at = (share: number) =>
    Float64Array.from(draws, (values) => values.sort()[Math.round(share * (replicates - 1))] as number)
  return { low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) }
}

export function checkConfidence(confidence: number): void {
  if (!(confidence > 0 && confidence < 1)) {
    throw new ExplainInputError(`confidence is ${confidence}: it lies between 0 and 1`)
  }
}
