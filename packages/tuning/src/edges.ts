import { domainOf, encode, isSingle, type NumericParameter, type Value } from './space.ts'
import type { Study, Trial } from './study.ts'
import { goodCount, splitTrials } from './tpe/split.ts'

/** A range at whose end the best trials lie: what is best may be beyond. */
export interface Edge {
  name: string
  side: 'low' | 'high'
  /** How many of the best trials that have the parameter lie in the outer tenth, of how many. */
  hits: number
  of: number
  /** The range widened by half of itself on that side, within the limits; null where it is at its limit. */
  proposal: { low: number; high: number } | null
}

export interface EdgeOptions {
  /** What a parameter can be at all, by name; default: any number, but by its logarithm none from 0 down. */
  limits?: Readonly<Record<string, { low: number; high: number }>>
  /** The best trials: TPE's good ones, and at least so many; default 5. */
  atLeast?: number
}

/** The share of a range that is its edge. By chance three of five lie in one of the outer tenths with 1 %. */
const EDGE = 0.1

/**
 * The ranges at whose ends most of the best trials lie. A tenth of a range, in its logarithm where it is searched so, counts as its
 * end. Nothing is said before there are twice as many trials as are looked at.
 */
export function edges(study: Study, { limits = {}, atLeast = 5 }: EdgeOptions = {}): Edge[] {
  const best = bestTrials(study, atLeast)
  return Object.entries(study.space).flatMap(([name, parameter]) => {
    if (parameter.kind === 'categorical' || isSingle(parameter)) return []
    const having = best.filter(({ parameters }) => Object.hasOwn(parameters, name))
    const places = having.map(({ parameters }) => placeIn(parameter, parameters[name] as Value))
    return (['low', 'high'] as const).flatMap((side): Edge[] => {
      const hits = places.filter((place) => (side === 'low' ? place <= EDGE : place >= 1 - EDGE)).length
      if (hits < 3 || hits <= having.length / 2) return []
      return [{ name, side, hits, of: having.length, proposal: widened(parameter, side, limits[name]) }]
    })
  })
}

function bestTrials(study: Study, atLeast: number): Trial[] {
  const { below, told } = splitTrials(study, false, (told) => Math.max(goodCount(told), atLeast))
  return told < 2 * atLeast ? [] : below
}

/** 0 at the low end of the range, 1 at the high one. */
function placeIn(parameter: NumericParameter, value: Value): number {
  const { low, high } = domainOf(parameter)
  return (encode(parameter, value) - low) / (high - low)
}

function widened(
  parameter: NumericParameter,
  side: 'low' | 'high',
  limit: { low: number; high: number } = { low: -Infinity, high: Infinity },
): Edge['proposal'] {
  const { low, high, log } = domainOf(parameter)
  const by = 0.5 * (high - low)
  const moved = side === 'low' ? low - by : high + by
  const exact = log ? Math.exp(moved) : moved
  const { kind, step } = parameter
  const rounded = kind === 'int' ? Math.round(exact) : Number(exact.toPrecision(3))
  // Whole steps, so that the values that were tried stay values.
  const end = step === undefined ? rounded : parameter.low + Math.round((rounded - parameter.low) / step) * step
  const range = { low: parameter.low, high: parameter.high }
  if (side === 'low') range.low = Math.max(Math.min(end, range.low), limit.low)
  else range.high = Math.min(Math.max(end, range.high), limit.high)
  return range.low === parameter.low && range.high === parameter.high ? null : range
}
