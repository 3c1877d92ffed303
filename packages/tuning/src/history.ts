import { argsort } from './argsort.ts'
import { encode, type Parameters, type Space, type Value } from './space.ts'
import type { Study, Trial } from './study.ts'

/**
 * What samplers look up about past trials, kept beside a study while it lives and made anew wherever it is missing: nothing of
 * it is part of the study's state. It follows from the parameters of the trials that were asked for and from nothing else. These are not
 * changed in place, so that a trial is known again by their identity, also in a copy of the study.
 */
export interface History {
  /** Whether a trial with just these parameters was asked for. */
  has(parameters: Readonly<Parameters>): boolean
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

const stores = new WeakMap<object, Store>()

interface Store {
  space: Space
  /** Of the parameters. */
  names: readonly string[]
  /** Numbers of the trials that have entered, as they came, and by number the parameters with which they did. */
  entered: number[]
  parameters: (Readonly<Parameters> | undefined)[]
  /** All trials before this one have entered. */
  next: number
  /** Numbers of the trials that have entered, by the hash of their parameters. */
  byHash: Map<number, number[]>
  columns: Map<string, ColumnStore>
}

/** The history of `study` up to now. */
export function historyOf(study: Study): History {
  let store = stores.get(study.trials)
  if (store === undefined || store.space !== study.space) {
    const { space } = study
    const names = Object.keys(space)
    store = { space, names, entered: [], parameters: [], next: 0, byHash: new Map(), columns: new Map() }
    stores.set(study.trials, store)
  }
  forgetStrangers(store, study.trials)
  enterTrials(store, study.trials)
  const current = store
  const { names } = store
  return {
    has: (parameters) => {
      const alike = current.byHash.get(hashOf(names, parameters)) ?? []
      return alike.some((number) => areEqual(names, current.parameters[number] as Parameters, parameters))
    },
    column: (name) => columnOf(study, name, current),
  }
}

/** Lets `study`, a copy of what `original` stands for, go on with the history of earlier copies, and later ones with its. */
export function shareHistory(study: Study, original: object): void {
  let store = stores.get(original)
  if (store === undefined || store.space !== study.space) {
    historyOf(study)
    store = stores.get(study.trials) as Store
    stores.set(original, store)
  }
  stores.set(study.trials, store)
}

function enterTrials(store: Store, trials: readonly Trial[]): void {
  for (let i = store.next; i < trials.length; i++) {
    const { number, state, parameters } = trials[i] as Trial
    if (store.parameters[number] !== undefined || state === 'waiting') continue
    store.parameters[number] = parameters
    store.entered.push(number)
    const hash = hashOf(store.names, parameters)
    const alike = store.byHash.get(hash)
    if (alike === undefined) store.byHash.set(hash, [number])
    else alike.push(number)
  }
  while (store.parameters[store.next] !== undefined) store.next++
}

/** A copy may have begun trials that came to nothing, or otherwise elsewhere: they leave, with all that entered after them. */
function forgetStrangers(store: Store, trials: readonly Trial[]): void {
  const { entered, parameters, byHash, columns } = store
  const isKnown = (number: number): boolean => trials[number]?.parameters === parameters[number]
  let known = 0
  while (known < entered.length && isKnown(entered[known] as number)) known++
  if (known === entered.length) return
  for (const number of entered.splice(known).toReversed()) {
    byHash.get(hashOf(store.names, parameters[number] as Parameters))?.pop()
    parameters[number] = undefined
    store.next = Math.min(store.next, number)
    for (const column of columns.values()) column.values[number] = Number.NaN
  }
  for (const column of columns.values()) {
    column.valued = Math.min(column.valued, known)
    if (column.ordered <= known) continue
    column.ordered = known
    const left = column.order.subarray(0, column.length).filter((number) => parameters[number] !== undefined)
    column.order.set(left)
    column.length = left.length
  }
}

interface ColumnStore {
  /** NaN where no trial has entered. */
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
    store = { values: new Float64Array(), valued: 0, ordered: 0, order: new Int32Array(), length: 0 }
    columns.set(name, store)
  }
  const values = (store.values = grown(store.values, trials.length, Number.NaN))
  for (; store.valued < entered.length; store.valued++) {
    const number = entered[store.valued] as number
    const { parameters } = trials[number] as Trial
    if (Object.hasOwn(parameters, name)) values[number] = encode(parameter, parameters[name] as Value)
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
  const fresh = entered.slice(store.ordered)
  store.ordered = entered.length
  if (fresh.length > 16) {
    store.order = argsort(values)
    // NaN come last.
    store.length = store.order.length
    while (store.length > 0 && Number.isNaN(values[store.order[store.length - 1] as number])) store.length--
  } else {
    store.order = grown(store.order, store.length + fresh.length, 0)
    for (const number of fresh) {
      if (!Number.isNaN(values[number])) insert(store.order, store.length++, number, values)
    }
  }
  return store.order.subarray(0, store.length)
}

function insert(order: Int32Array, length: number, number: number, values: Float64Array): void {
  const comesBefore = (other: number) => ((values[other] as number) - (values[number] as number) || other - number) < 0
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (comesBefore(order[middle] as number)) low = middle + 1
    else high = middle
  }
  order.copyWithin(low + 1, low, length)
  order[low] = number
}

function grown<T extends Float64Array | Int32Array>(array: T, length: number, filler: number): T {
  if (array.length >= length) return array
  const larger = new (array.constructor as new (length: number) => T)(Math.max(length, 2 * array.length))
  larger.set(array)
  larger.fill(filler, array.length)
  return larger
}

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)

/** Of the bits of numbers and of the text of what else there is: 32-bit FNV-1a, whose high bits are stirred into the low ones. */
function hashOf(names: readonly string[], parameters: Readonly<Parameters>): number {
  let hash = 0x811c9dc5
  for (const name of names) {
    const value = parameters[name]
    if (typeof value === 'number') {
      // −0 is 0.
      double[0] = value + 0
      hash = stir(stir(hash, words[0] as number), words[1] as number)
    } else {
      const text = String(value)
      for (let i = 0; i < text.length; i++) hash = stir(hash, text.charCodeAt(i))
    }
  }
  return hash
}

function stir(hash: number, word: number): number {
  const next = Math.imul(hash ^ word, 0x01000193)
  return next ^ (next >>> 15)
}

function areEqual(names: readonly string[], a: Readonly<Parameters>, b: Readonly<Parameters>): boolean {
  return names.every((name) => Object.hasOwn(a, name) === Object.hasOwn(b, name) && a[name] === b[name])
}
