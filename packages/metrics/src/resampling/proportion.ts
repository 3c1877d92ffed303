import { checkInteger, MetricsInputError } from '../errors.ts'
import type { Interval } from './interval.ts'
import { normalQuantile } from './normal.ts'

/**
 * A share of `right` among `n` with Wilson's score interval (1927): (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n), z of the level. Few
 * samples have a wide one even where all are right, of which the bootstrap would be certain. NaN of nothing.
 */
export function proportionInterval(right: number, n: number, level = 0.95): Interval {
  checkInteger(n, 0, 'n')
  checkInteger(right, 0, 'right')
  if (right > n) throw new MetricsInputError(`right is ${right}: it must not be above n, ${n}`)
  if (!(level > 0 && level < 1)) {
    throw new MetricsInputError(`level is ${level}: it must be between 0 and 1, such as 0.95`)
  }
  const p = right / n
  const z = normalQuantile((1 + level) / 2)
  const spread = z * z
  const centre = p + spread / (2 * n)
  const margin = z * Math.sqrt((p * (1 - p)) / n + spread / (4 * n * n))
  const scale = 1 + spread / n
  return {
    value: p,
    // Rounding alone would leave a bound beside 0 or 1.
    low: right === 0 ? 0 : (centre - margin) / scale,
    high: right === n && n > 0 ? 1 : (centre + margin) / scale,
    standardError: Math.sqrt((p * (1 - p)) / n),
  }
}
