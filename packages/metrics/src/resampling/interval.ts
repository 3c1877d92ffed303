import { normalCdf, normalQuantile } from './normal.ts'

/** An estimate with the interval that it may as well have been in. */
export interface Interval {
  /** The statistic of the set itself. */
  value: number
  low: number
  high: number
  /** Standard deviation of the estimate: of its replicates, where it was drawn anew. */
  standardError: number
}

/** The statistic without one sample of a cell, for cells of `count` samples in strata of `size`. */
export interface LeftOut {
  value: number
  count: number
  stratum: number
  size: number
}

/** The middle `level` of the replicates (Efron 1979). Replicates for which the statistic is undefined are left out. */
export function percentileInterval(value: number, replicates: Float64Array, level: number): Interval {
  return between(value, defined(replicates), (1 - level) / 2, (1 + level) / 2)
}

/**
 * Bias-corrected and accelerated (Efron 1987): percentiles moved by the bias z₀ = Φ⁻¹(share of replicates below the value) and by the
 * skewness a = Σ d³ / (6·(Σ d²)^1.5) of what leaving each sample out changes. Without any bias that can be told (all replicates on one
 * side) it is the percentile interval.
 */
export function bcaInterval(value: number, replicates: Float64Array, leftOut: LeftOut[], level: number): Interval {
  const sorted = defined(replicates)
  let below = 0
  for (const replicate of sorted) below += replicate < value ? 1 : replicate === value ? 0.5 : 0
  const bias = normalQuantile(below / sorted.length)
  if (!Number.isFinite(bias)) return percentileInterval(value, replicates, level)
  const skewness = acceleration(leftOut)
  const moved = (p: number): number => {
    const z = bias + normalQuantile(p)
    return normalCdf(bias + z / (1 - skewness * z))
  }
  return between(value, sorted, moved((1 - level) / 2), moved((1 + level) / 2))
}

/** With strata, by Davison and Hinkley 1997, section 5.4: what a sample changes, scaled by (size − 1) / size of its stratum. */
export function acceleration(leftOut: readonly LeftOut[]): number {
  const sums = new Map<number, number>()
  for (const { value, count, stratum } of leftOut) sums.set(stratum, (sums.get(stratum) ?? 0) + count * value)
  let squares = 0
  let cubes = 0
  for (const { value, count, stratum, size } of leftOut) {
    const d = (((sums.get(stratum) as number) / size - value) * (size - 1)) / size
    squares += count * d * d
    cubes += count * d * d * d
  }
  return squares > 0 ? cubes / (6 * squares ** 1.5) : 0
}

function between(value: number, sorted: Float64Array, low: number, high: number): Interval {
  return { value, low: quantile(sorted, low), high: quantile(sorted, high), standardError: deviation(sorted) }
}

/** Linear between order statistics, as numpy's default; NaN of nothing. */
export function quantile(sorted: Float64Array, q: number): number {
  const position = q * (sorted.length - 1)
  const below = Math.floor(position)
  const low = sorted[below] ?? Number.NaN
  const high = sorted[below + 1] ?? low
  return low + (high - low) * (position - below)
}

function defined(values: Float64Array): Float64Array {
  return values.filter((value) => !Number.isNaN(value)).sort()
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
}
