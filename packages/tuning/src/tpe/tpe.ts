import { type Column, type History, historyOf } from '../history.ts'
import { drawsOf } from '../random.ts'
import { uniformValues } from '../samplers/random.ts'
import type { DrawValue, SuggestKey } from '../samplers/sampler.ts'
import { decode, isSingle, type Parameter, type Space, type Value, valueAt } from '../space.ts'
import type { Study, Trial } from '../study.ts'
import { multivariateParzen, observationWeights, type Parzen, univariateParzen } from './parzen.ts'
import { type Split, splitTrials } from './split.ts'

/**
 * Tree-structured Parzen estimators (Bergstra et al., NeurIPS 2011; Watanabe, arXiv 2304.11127): models good trials by l and the
 * others by g, and takes of a few points of l the one with the largest l/g.
 */
export interface TpeSampler {
  kind: 'tpe'
  /** Uniform draws until so many trials are complete or pruned; default 10. */
  startupTrials?: number
  /** How many points of l compete; default 24. */
  candidates?: number
  /** Models parameters that always exist together rather than one by one; default true, as in Optuna 5. */
  multivariate?: boolean
  /** With multivariate: also models together those that exist under the same condition; default true. */
  group?: boolean
  /** Counts running trials among the others, so that parallel workers spread; default true. */
  constantLiar?: boolean
}

/** Draws for one trial from what is known of those before. */
export function tpeValues(sampler: TpeSampler, study: Study, key: SuggestKey): DrawValue {
  const split = splitTrials(study, sampler.constantLiar ?? true)
  if (split.told < (sampler.startupTrials ?? 10)) return uniformValues(key)
  const model: Model = { sampler, study, history: historyOf(study), split, sides: sidesOf(split, study.trials.length) }
  const together = groupsOf(study.space, sampler)
  const drawn = new Map<string, Value>()
  return (name, parameter) => {
    if (isSingle(parameter)) return valueAt(parameter, 0)
    if (!drawn.has(name)) drawGroup(model, together.get(name) ?? [name], key, drawn)
    return drawn.get(name) as Value
  }
}

/** For each parameter, the names of all that are modelled with it. */
function groupsOf(space: Space, { multivariate = true, group = true }: TpeSampler): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  const byName = new Map<string, string[]>()
  // Sorted by name, so that the order of declaration does not decide about ties.
  for (const name of Object.keys(space).toSorted()) {
    const parameter = space[name] as Parameter
    if (isSingle(parameter)) continue
    const conditional = parameter.when !== undefined
    const key = multivariate && (group || !conditional) ? JSON.stringify(parameter.when ?? null) : `alone ${name}`
    const names = groups.get(key) ?? []
    names.push(name)
    groups.set(key, names)
    byName.set(name, names)
  }
  return byName
}

interface Model {
  sampler: TpeSampler
  study: Study
  history: History
  split: Split
  /** By trial number: BELOW, ABOVE, or neither. */
  sides: Uint8Array
}

const BELOW = 1
const ABOVE = 2

function sidesOf(split: Split, trials: number): Uint8Array {
  const sides = new Uint8Array(trials)
  for (const { number } of split.below) sides[number] = BELOW
  for (const { number } of split.above) sides[number] = ABOVE
  return sides
}

function drawGroup(model: Model, names: readonly string[], key: SuggestKey, drawn: Map<string, Value>): void {
  const parameters = names.map((name) => model.study.space[name] as Parameter)
  const columns = names.map((name) => model.history.column(name))
  const { below, above, belowWeights } = model.split
  const good = estimatorOf(model, parameters, columns, below, BELOW, belowWeights)
  const others = estimatorOf(model, parameters, columns, above, ABOVE, null)
  const draw = drawsOf({ ...key, purpose: `tpe ${names.join(' ')}` })
  const points = Array.from({ length: model.sampler.candidates ?? 24 }, () => good.draw(draw))
  const goodLogs = good.logDensities(points)
  const otherLogs = others.logDensities(points)
  let best = 0
  for (let i = 1; i < points.length; i++) {
    if (gain(goodLogs, otherLogs, i) > gain(goodLogs, otherLogs, best)) best = i
  }
  names.forEach((name, d) => {
    drawn.set(name, decode(parameters[d] as Parameter, (points[best] as Float64Array)[d] as number))
  })
}

/** ln l/g, which rises with the expected improvement. */
function gain(goodLogs: Float64Array, otherLogs: Float64Array, i: number): number {
  return (goodLogs[i] as number) - (otherLogs[i] as number)
}

/** Of the trials of one side that have the parameters: they are split first and left out after, so that γ means all trials. */
function estimatorOf(
  { sides }: Model,
  parameters: readonly Parameter[],
  columns: readonly Column[],
  trials: readonly Trial[],
  side: number,
  trialWeights: readonly number[] | null,
): Parzen {
  const [first] = columns as [Column]
  const having = trials.flatMap(({ number }, i) => (Number.isNaN(first.values[number]) ? [] : [i]))
  const numbers = having.map((i) => (trials[i] as Trial).number)
  const weights = observationWeights(
    numbers.length,
    trialWeights === null ? null : having.map((i) => trialWeights[i] as number),
  )
  const values = columns.map((column) => Float64Array.from(numbers, (number) => column.values[number] as number))
  if (parameters.length > 1) return multivariateParzen(parameters, { columns: values, weights })
  const order = orderOf(numbers, first, sides, side)
  return univariateParzen(parameters[0] as Parameter, { columns: values, weights, order })
}

/** Positions in `numbers` by rising value: the column's order without the trials of the other side. */
function orderOf(numbers: readonly number[], column: Column, sides: Uint8Array, side: number): Int32Array {
  const positions = new Int32Array(sides.length)
  for (let i = 0; i < numbers.length; i++) positions[numbers[i] as number] = i
  const order = new Int32Array(numbers.length)
  let length = 0
  for (const number of column.order) if (sides[number] === side) order[length++] = positions[number] as number
  return order
}
