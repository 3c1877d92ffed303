/**
 * How far a statistic would move had the set been drawn anew: it is drawn anew, with replacement, a thousand times and more (Efron
 * and Tibshirani: "An Introduction to the Bootstrap", 1993). One replicate serves every statistic asked for.
 */
import { checkInteger, checkSameLength, MetricsInputError } from '../errors.ts'
import { bcaInterval, type Interval, type LeftOut, percentileInterval } from './interval.ts'
import { type Cells, resampler } from './resample.ts'

export interface BootstrapOptions {
  /** At least 1000, the default: the ends of a 95 % interval are then the 25th replicates. */
  replicates?: number
  /** The same seed, taken modulo 2³², gives the same interval. Default 0. */
  seed?: number
  /** Share of intervals that shall hold the true value, .95 by default. */
  level?: number
  /**
   * percentile (the default), or bca, which is nearer to its level for skewed statistics, such as an F1 close to 1, and evaluates
   * each statistic once more for each cell that differs.
   */
  method?: 'percentile' | 'bca'
}

/**
 * Intervals of any statistics of `n` samples. A statistic gets how often each sample was drawn: the mean loss is
 * `(weights) => Σ weights[i]·loss[i] / n`. With `strata`, a number for each sample (its label), every stratum keeps its size.
 */
export function bootstrap<Name extends string>(
  n: number,
  statistics: Record<Name, (weights: Uint32Array) => number>,
  options: BootstrapOptions & { strata?: ArrayLike<number> } = {},
): Record<Name, Interval> {
  const { strata = null } = options
  checkInteger(n, 0, 'n')
  if (strata !== null) checkSameLength(strata, 'strata', { length: n }, 'samples')
  const cells = { counts: new Uint32Array(n).fill(1), strata }
  return mapValues(
    replicate(cells, (weights) => weights, statistics, options),
    toInterval,
  )
}

/** A statistic of the set, of its replicates, and what makes an interval of them. */
export interface Replicates {
  value: number
  replicates: Float64Array
  interval: Interval
}

/** The bootstrap of statistics of whatever `prepare` makes of counts, once for all of them; it may make the same object again and again. */
export function replicate<Name extends string, Prepared>(
  cells: Cells,
  prepare: (counts: Uint32Array) => Prepared,
  statistics: Record<Name, (prepared: Prepared) => number>,
  options: BootstrapOptions,
): Record<Name, Replicates> {
  const { replicates = 1000, seed = 0, level = 0.95, method = 'percentile' } = options
  checkInteger(replicates, 1000, 'replicates')
  checkInteger(seed, 0, 'seed')
  if (!(level > 0 && level < 1)) {
    throw new MetricsInputError(`level is ${level}: it must be between 0 and 1, such as 0.95`)
  }
  const draw = resampler(cells)
  const drawn = new Uint32Array(cells.counts.length)
  const values = mapValues(statistics, () => new Float64Array(replicates))
  const names = Object.keys(statistics) as Name[]
  for (let r = 0; r < replicates; r++) {
    draw(seed, r, drawn)
    const prepared = prepare(drawn)
    for (const name of names) values[name][r] = statistics[name](prepared)
  }
  return mapValues(statistics, (statistic, name) => {
    const of = (counts: Uint32Array): number => statistic(prepare(counts))
    const value = of(cells.counts)
    const interval =
      method === 'bca'
        ? bcaInterval(value, values[name], leaveOneOut(cells, of), level)
        : percentileInterval(value, values[name], level)
    return { value, replicates: values[name], interval }
  })
}

/** The statistic without one sample of each cell in turn. */
function leaveOneOut({ counts, strata }: Cells, statistic: (counts: Uint32Array) => number): LeftOut[] {
  const sizes = new Map<number, number>()
  const stratumOf = (cell: number): number => (strata === null ? 0 : (strata[cell] as number))
  for (let cell = 0; cell < counts.length; cell++) {
    const stratum = stratumOf(cell)
    sizes.set(stratum, (sizes.get(stratum) ?? 0) + (counts[cell] as number))
  }
  const without = counts.slice()
  const leftOut: LeftOut[] = []
  for (let cell = 0; cell < counts.length; cell++) {
    const count = counts[cell] as number
    if (count === 0) continue
    without[cell] = count - 1
    const stratum = stratumOf(cell)
    leftOut.push({ value: statistic(without), count, stratum, size: sizes.get(stratum) as number })
    without[cell] = count
  }
  return leftOut
}

function toInterval({ interval }: Replicates): Interval {
  return interval
}

/** The record with each value replaced. */
export function mapValues<Name extends string, From, To>(
  record: Record<Name, From>,
  to: (value: From, name: Name) => To,
): Record<Name, To> {
  const entries = (Object.keys(record) as Name[]).map((name) => [name, to(record[name], name)])
  return Object.fromEntries(entries) as Record<Name, To>
}
