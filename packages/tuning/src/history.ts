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
  /** Numbers of the trials that have it, by rising value, then number; sorted when first asked for. */
  readonly order: Int32Array
}

const stores = new WeakMap<readonly Trial[], Store>()

interface Store {
  space: Space
  keys: Set<string>
  /** Numbers of the trials that have entered, as they came. */
  entered: number[]
  /** By trial number: 1 where it has entered. */
  isIn: Uint8Array
  /** All trials before this one have entered, and need not be looked at again. */
  next: number
  columns: Map<string, ColumnStore>
}

/** The history of `study` up to now. */
export function historyOf(study: Study): History {
  let store = stores.get(study.trials)
  if (store === undefined || store.space !== study.space) {
    const isIn = new Uint8Array(64)
    store = { space: study.space, keys: new Set(), entered: [], isIn, next: 0, columns: new Map() }
    stores.set(study.trials, store)
  }
  enterTrials(store, study.trials)
  const { keys } = store
  return { keys, column: (name) => columnOf(study, name, store) }
}

function enterTrials(store: Store, trials: readonly Trial[]): void {
  const isIn = (store.isIn = grown(store.isIn, trials.length))
  for (let i = store.next; i < trials.length; i++) {
    const { number, state, parameters } = trials[i] as Trial
    if (isIn[number] === 1 || state === 'waiting') continue
    isIn[number] = 1
    store.entered.push(number)
    store.keys.add(keyOf(store.space, parameters))
  }
  while (isIn[store.next] === 1) store.next++
}

interface ColumnStore {
  values: Float64Array
  /** How many of the trials that have entered are in `values`, and in `order` where they have the parameter. */
  valued: number
  ordered: number
  order: Int32Array
  length: number
}

function columnOf({ trials, space }: Study, name: string, { entered, columns }: Store): Column {
  const parameter = space[name]
  if (parameter === undefined) throw new RangeError(`no parameter ${name}`)
  let store = columns.get(name)
  if (store === undefined) {
    store = { values: new Float64Array(64), valued: 0, ordered: 0, order: new Int32Array(64), length: 0 }
    columns.set(name, store)
  }
  const values = (store.values = grown(store.values, trials.length))
  for (; store.valued < entered.length; store.valued++) {
    const number = entered[store.valued] as number
    const { parameters } = trials[number] as Trial
    values[number] = Object.hasOwn(parameters, name) ? encode(parameter, parameters[name] as Value) : Number.NaN
  }
  return {
    values,
    get order() {
      return orderOf(store, entered)
    },
  }
}

/** Few are inserted where they belong; many are cheaper to sort with all. */
function orderOf(store: ColumnStore, entered: readonly number[]): Int32Array {
  const { values } = store
  const fresh: number[] = []
  for (; store.ordered < entered.length; store.ordered++) {
    const number = entered[store.ordered] as number
    if (!Number.isNaN(values[number])) fresh.push(number)
  }
  const order = (store.order = grown(store.order, store.length + fresh.length))
  const comesBefore = (a: number, b: number) => (values[a] as number) - (values[b] as number) || a - b
  if (fresh.length > 16) {
    order.set(fresh, store.length)
    store.length += fresh.length
    order.subarray(0, store.length).sort(comesBefore)
  } else for (const number of fresh) insert(order, store.length++, number, comesBefore)
  return order.subarray(0, store.length)
}

function insert(
  order: Int32Array,
  length: number,
  number: number,
  comesBefore: (a: number, b: number) => number,
): void {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (comesBefore(order[middle] as number, number) < 0) low = middle + 1
    else high = middle
  }
  order.copyWithin(low + 1, low, length)
  order[low] = number
}

function grown<T extends Float64Array | Int32Array | Uint8Array>(array: T, length: number): T {
  if (array.length >= length) return array
  const larger = new (array.constructor as new (length: number) => T)(Math.max(length, 2 * array.length))
  larger.set(array)
  return larger
}
