import { encode, keyOf, type Space, type Value } from './space.ts'
import type { Study, Trial } from './study.ts'

/**
 * What samplers look up about past trials, kept beside a study while it lives and made anew wherever it is missing: nothing of
 * it is part of the study's state. A trial enters once, when it is asked for: its parameters never change after that.
 */
export interface History {
  /** Keys of all parameters that were asked for. */
  readonly keys: ReadonlySet<string>
  /** The column of a parameter. */
  column(name: string): Column
}

/** One parameter over all trials that have it. */
export interface Column {
  /** By trial number, as models see it; NaN where the trial has none. */
  readonly values: Float64Array
  /** Numbers of the trials that have it, by rising value, then number. */
  readonly order: Int32Array
}

const histories = new WeakMap<readonly Trial[], Mutable>()

interface Mutable {
  space: Space
  keys: Set<string>
  entered: Uint8Array
  columns: Map<string, ColumnStore>
}

/** The history of `study` up to now. */
export function historyOf(study: Study): History {
  let store = histories.get(study.trials)
  if (store === undefined || store.space !== study.space) {
    store = { space: study.space, keys: new Set(), entered: new Uint8Array(64), columns: new Map() }
    histories.set(study.trials, store)
  }
  store.entered = grown(store.entered, study.trials.length)
  for (const trial of study.trials) {
    if (store.entered[trial.number] === 1 || trial.state === 'waiting') continue
    store.entered[trial.number] = 1
    store.keys.add(keyOf(study.space, trial.parameters))
  }
  const { keys, columns } = store
  return { keys, column: (name) => currentColumn(study, name, columns) }
}

interface ColumnStore {
  values: Float64Array
  entered: Uint8Array
  order: Int32Array
  length: number
}

function currentColumn(study: Study, name: string, columns: Map<string, ColumnStore>): Column {
  let store = columns.get(name)
  if (store === undefined) {
    store = { values: new Float64Array(64), entered: new Uint8Array(64), order: new Int32Array(64), length: 0 }
    columns.set(name, store)
  }
  const { trials, space } = study
  const parameter = space[name]
  if (parameter === undefined) throw new RangeError(`no parameter ${name}`)
  store.values = grown(store.values, trials.length)
  store.entered = grown(store.entered, trials.length)
  store.order = grown(store.order, trials.length)
  const fresh: number[] = []
  for (const trial of trials) {
    if (store.entered[trial.number] === 1 || trial.state === 'waiting') continue
    store.entered[trial.number] = 1
    const has = Object.hasOwn(trial.parameters, name)
    store.values[trial.number] = has ? encode(parameter, trial.parameters[name] as Value) : Number.NaN
    if (has) fresh.push(trial.number)
  }
  enter(store, fresh)
  return { values: store.values, order: store.order.subarray(0, store.length) }
}

/** Few are inserted where they belong; many are cheaper to sort with all. */
function enter(store: ColumnStore, fresh: readonly number[]): void {
  const { values, order } = store
  const comesBefore = (a: number, b: number) => (values[a] as number) - (values[b] as number) || a - b
  if (fresh.length > 16) {
    order.set(fresh, store.length)
    store.length += fresh.length
    order.subarray(0, store.length).sort(comesBefore)
    return
  }
  for (const number of fresh) {
    let low = 0
    let high = store.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (comesBefore(order[middle] as number, number) < 0) low = middle + 1
      else high = middle
    }
    order.copyWithin(low + 1, low, store.length++)
    order[low] = number
  }
}

function grown<T extends Float64Array | Int32Array | Uint8Array>(array: T, length: number): T {
  if (array.length >= length) return array
  const larger = new (array.constructor as new (length: number) => T)(Math.max(length, 2 * array.length))
  larger.set(array)
  return larger
}
