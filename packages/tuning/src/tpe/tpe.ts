import { type Column, type History, historyOf } from '../history.ts'
import { drawsOf } from '../random.ts'
import { valuesAround } from '../samplers/baseline.ts'
import { uniformValues } from '../samplers/random.ts'
import type { DrawValue, SuggestKey } from '../samplers/sampler.ts'
import { decode, isSingle, type Parameter, type Space, type Value, valueAt } from '../space.ts'
import type { Study, Trial } from '../study.ts'
import { observationWeights, type Parzen, univariateParzen } from './parzen.ts'
import { type Bandwidth, multivariateParzen } from './product.ts'
import { splitTrials } from './split.ts'

/**
 * Tree-structured Parzen estimators (Bergstra et al., NeurIPS 2011; Watanabe, arXiv 2304.11127): models good trials by l and the
 * others by g, and takes of a few points of l the one with the largest l/g.
 */
export interface TpeSampler {
  kind: 'tpe'
  /** Draws without a model until so many trials are complete or pruned; default 10. */
  startupTrials?: number
  /** How many points of l compete; default 24. */
  candidates?: number
  /** Which parameters are modelled together; default mixed. */
  model?: TpeModel
  /** Also models together, where any are, those that exist under the same condition; default true. */
  group?: boolean
  /** Counts running trials among the others, so that parallel workers spread; default true. */
  constantLiar?: boolean
}

/**
 * univariate: each parameter by itself, as Optuna 3.1 does by default. multivariate: all together with kernels of one width, as it does
 * on request. mixed: numbers together, each kernel as wide as the gaps beside it, and choices by themselves; it finds more (docs/tuning.md).
 */
export type TpeModel = 'univariate' | 'multivariate' | 'mixed'

/** Draws for one trial from what is known of those before. */
export function tpeValues(sampler: TpeSampler, study: Study, key: SuggestKey): DrawValue {
  const split = splitTrials(study, sampler.constantLiar ?? true)
  if (split.told < (sampler.startupTrials ?? 10)) {
    return study.baseline === undefined ? uniformValues(key) : valuesAround(study.baseline, key)
  }
  const model: Model = {
    sampler,
    study,
    history: historyOf(study),
    good: sideOf(split.below, split.belowWeights),
    others: sideOf(split.above, null),
  }
  const together = groupsOf(study.space, sampler)
  const drawn = new Map<string, Value>()
  return (name, parameter) => {
    if (isSingle(parameter)) return valueAt(parameter, 0)
    if (!drawn.has(name)) drawGroup(model, together.get(name) ?? [name], key, drawn)
    return drawn.get(name) as Value
  }
}

/** For each parameter, the names of all that are modelled with it. */
function groupsOf(space: Space, { model = 'mixed', group = true }: TpeSampler): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  const byName = new Map<string, string[]>()
  // Sorted by name, so that the order of declaration does not decide about ties.
  for (const name of Object.keys(space).toSorted()) {
    const parameter = space[name] as Parameter
    if (isSingle(parameter)) continue
    const alone =
      model === 'univariate' ||
      (model === 'mixed' && parameter.kind === 'categorical') ||
      (!group && parameter.when !== undefined)
    const key = alone ? `alone ${name}` : JSON.stringify(parameter.when ?? null)
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
  good: Side
  others: Side
}

/** The trials of one side. */
interface Side {
  /** By rising number. */
  numbers: Int32Array
  /** What each weighs; null: by age. */
  weights: readonly number[] | null
  /** Those that a parameter exists in, by its condition. */
  members: Map<string, Members>
}

/** The trials of a side that some parameters exist in: what a kernel each is made from, by rising number. */
interface Members {
  numbers: Int32Array
  /** One more than they are: the last is the prior's. */
  weights: Float64Array
  /** By trial number: its place in `numbers`, or −1. */
  places: Int32Array
}

function sideOf(trials: readonly Trial[], weights: readonly number[] | null): Side {
  // Plain loops here and below: with a function for each element the same takes ten times as long.
  const numbers = new Int32Array(trials.length)
  for (let i = 0; i < numbers.length; i++) numbers[i] = (trials[i] as Trial).number
  return { numbers, weights, members: new Map() }
}

function drawGroup(model: Model, names: readonly string[], key: SuggestKey, drawn: Map<string, Value>): void {
  const parameters = names.map((name) => model.study.space[name] as Parameter)
  const columns = names.map((name) => model.history.column(name))
  const bandwidth = model.sampler.model === 'multivariate' ? 'scott' : 'gap'
  const good = estimatorOf(model.good, parameters, columns, bandwidth)
  const others = estimatorOf(model.others, parameters, columns, bandwidth)
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

/** Of the trials of a side that have the parameters: all are split first and some left out after, so that γ means all trials. */
function estimatorOf(
  side: Side,
  parameters: readonly Parameter[],
  columns: readonly Column[],
  bandwidth: Bandwidth,
): Parzen {
  const members = membersOf(side, parameters[0] as Parameter, columns[0] as Column)
  const observations = {
    columns: columns.map((column) => valuesAt(column, members)),
    weights: members.weights,
    orderOf: (d: number) => placesByValue(columns[d] as Column, members),
  }
  return parameters.length === 1
    ? univariateParzen(parameters[0] as Parameter, observations)
    : multivariateParzen(parameters, observations, bandwidth)
}

/** Found once for all parameters of one condition: they exist in the same trials. */
function membersOf(side: Side, { when }: Parameter, { values }: Column): Members {
  const key = JSON.stringify(when ?? null)
  let members = side.members.get(key)
  if (members === undefined) {
    const numbers = new Int32Array(side.numbers.length)
    const places = new Int32Array(values.length).fill(-1)
    const given: number[] | null = side.weights === null ? null : []
    let length = 0
    for (let i = 0; i < side.numbers.length; i++) {
      const number = side.numbers[i] as number
      if (Number.isNaN(values[number])) continue
      places[number] = length
      numbers[length++] = number
      if (side.weights !== null) given?.push(side.weights[i] as number)
    }
    members = { numbers: numbers.subarray(0, length), weights: observationWeights(length, given), places }
    side.members.set(key, members)
  }
  return members
}

function valuesAt({ values }: Column, { numbers }: Members): Float64Array {
  const picked = new Float64Array(numbers.length)
  for (let i = 0; i < numbers.length; i++) picked[i] = values[numbers[i] as number] as number
  return picked
}

/** The members by rising value: the column's order without the trials of the other side. */
function placesByValue(column: Column, { numbers, places }: Members): Int32Array {
  const order = new Int32Array(numbers.length)
  let length = 0
  const all = column.order
  for (let k = 0; k < all.length; k++) {
    const place = places[all[k] as number] as number
    if (place >= 0) order[length++] = place
  }
  return order
}
