import { checkInteger, MetricsInputError } from '../errors.ts'
import { quantile } from '../resampling/interval.ts'

export interface QuantileGroups {
  /** The group of each value: how many bounds are below it. */
  group: Uint32Array
  /** Ascending. Group g has the values in (bounds[g − 1], bounds[g]]; the first group has no lower bound, the last no upper one. */
  bounds: number[]
}

/**
 * Cuts samples into `groups` of about as many, by a number that each has: brightness, size. Equal values stay together, so there may be
 * fewer groups than asked for: one where all values are equal. Throws MetricsInputError for a value that is NaN.
 */
export function quantileGroups(values: ArrayLike<number>, groups: number): QuantileGroups {
  checkInteger(groups, 1, 'groups')
  const sorted = Float64Array.from(values).sort()
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) throw new MetricsInputError(`values[${i}] is NaN: it belongs to no group`)
  }
  const largest = sorted[sorted.length - 1] ?? 0
  const cuts = Array.from({ length: groups - 1 }, (_, g) => quantile(sorted, (g + 1) / groups))
  // Nothing lies above the largest value, and equal bounds have nothing between them.
  const bounds = cuts.filter((cut, g) => cut < largest && cut !== cuts[g - 1])
  return { group: Uint32Array.from(values, (value) => bounds.filter((bound) => bound < value).length), bounds }
}
