import { TuningError } from './errors.ts'

/**
 * A search space: which parameters a trial has, and from what each may be taken. It is plain data, declared before the first
 * trial, so that every worker and every sampler sees the same one. A parameter with `when` exists only in trials where
 * another, declared before it, has one of the given values.
 */
export type Space = Readonly<Record<string, Parameter>>

export type Parameter = FloatParameter | IntParameter | CategoricalParameter

/** What a categorical parameter may choose from: what JSON can tell apart. */
export type Value = number | string | boolean | null

/** The parameters of one trial: those that exist in it, by name. */
export type Parameters = Record<string, Value>

interface Conditional {
  /** Only in trials where `parameter` exists and is one of `is`. */
  when?: { parameter: string; is: readonly Value[] }
}

/** A real number in [low, high]; `log` searches in its logarithm; `step` allows only low, low + step, … */
export interface FloatParameter extends Conditional {
  kind: 'float'
  low: number
  high: number
  log?: boolean
  step?: number
}

/** An integer in [low, high], likewise; its step is 1 unless given. */
export interface IntParameter extends Conditional {
  kind: 'int'
  low: number
  high: number
  log?: boolean
  step?: number
}

/** One of several values without an order. */
export interface CategoricalParameter extends Conditional {
  kind: 'categorical'
  choices: readonly Value[]
}

export type NumericParameter = FloatParameter | IntParameter

/** Throws unless every parameter of `space` can be drawn from, and every condition looks back to one that can meet it. */
export function checkSpace(space: Space): void {
  const declared = new Set<string>()
  if (Object.keys(space).length === 0)
    throw new TuningError('The search space is empty: name at least one parameter', { field: 'space' })
  for (const [name, parameter] of Object.entries(space)) {
    checkKind(name, parameter)
    if (parameter.kind === 'categorical') checkChoices(name, parameter)
    else checkRange(name, parameter)
    if (parameter.when !== undefined) checkCondition(name, parameter.when, space, declared)
    declared.add(name)
  }
}

const refused = (name: string, message: string): TuningError => new TuningError(message, { field: `space.${name}` })

/** Spaces come from files, too. */
function checkKind(name: string, { kind }: Parameter): void {
  if (!['float', 'int', 'categorical'].includes(kind)) {
    throw refused(name, `${name} is of the kind ${kind}: it must be float, int or categorical`)
  }
}

function checkChoices(name: string, { choices }: CategoricalParameter): void {
  if (choices.length === 0) throw refused(name, `${name} has no choices: name at least one`)
  if (new Set(choices).size < choices.length) {
    throw refused(name, `${name} has a choice twice: its choices must be distinct`)
  }
  for (const choice of choices) {
    if (typeof choice === 'number' && !Number.isFinite(choice)) {
      throw refused(name, `${name} has the choice ${choice}: numbers must be finite`)
    }
  }
}

function checkRange(name: string, parameter: NumericParameter): void {
  const { kind, low, high, log = false, step } = parameter
  if (!Number.isFinite(low) || !Number.isFinite(high) || low > high) {
    throw refused(name, `${name} goes from ${low} to ${high}: low and high must be finite, and low at most high`)
  }
  if (log && !(low > 0)) throw refused(name, `${name} is searched by its logarithm from ${low}: low must be above 0`)
  if (log && step !== undefined && !(kind === 'int' && step === 1)) {
    throw refused(name, `${name} has both log and a step of ${step}: leave out one of them`)
  }
  if (step !== undefined && !(step > 0 && Number.isFinite(step))) {
    throw refused(name, `${name} has a step of ${step}: it must be above 0`)
  }
  if (kind === 'int' && ![low, high, step ?? 1].every(Number.isSafeInteger)) {
    throw refused(name, `${name} is an integer from ${low} to ${high} by ${step ?? 1}: all three must be integers`)
  }
}

function checkCondition(
  name: string,
  when: NonNullable<Conditional['when']>,
  space: Space,
  declared: ReadonlySet<string>,
): void {
  const parent = space[when.parameter]
  if (parent === undefined || !declared.has(when.parameter)) {
    throw refused(name, `${name} depends on ${when.parameter}: declare that parameter before it`)
  }
  if (when.is.length === 0) throw refused(name, `${name} exists for no value of ${when.parameter}: name at least one`)
  for (const value of when.is) {
    if (!contains(parent, value)) {
      throw refused(name, `${name} exists when ${when.parameter} is ${JSON.stringify(value)}, which it never is`)
    }
  }
}

/** Whether `parameter` exists in a trial that has `parameters` so far. */
export function isActive(parameter: Parameter, parameters: Readonly<Parameters>): boolean {
  const { when } = parameter
  if (when === undefined) return true
  return Object.hasOwn(parameters, when.parameter) && when.is.includes(parameters[when.parameter] as Value)
}

/** Whether `value` may be drawn from `parameter`. A stepped float is met within 1e-8 of its steps, as decimal ones need. */
export function contains(parameter: Parameter, value: Value): boolean {
  if (parameter.kind === 'categorical') return parameter.choices.includes(value)
  if (typeof value !== 'number' || !(value >= parameter.low && value <= parameter.high)) return false
  if (parameter.kind === 'int' && !Number.isInteger(value)) return false
  const step = stepOf(parameter)
  if (step === null) return true
  const steps = (value - parameter.low) / step
  return Math.abs(steps - Math.round(steps)) < 1e-8 * Math.max(1, steps)
}

/** Whether only one value can be drawn. */
export function isSingle(parameter: Parameter): boolean {
  return countOf(parameter) === 1
}

/** How many values can be drawn: Infinity for a float without a step, unless low is high. */
export function countOf(parameter: Parameter): number {
  if (parameter.kind === 'categorical') return parameter.choices.length
  if (parameter.low === parameter.high) return 1
  const step = stepOf(parameter)
  // 1e-9: (1 − 0) / 0.1 may fall short of 10.
  return step === null ? Infinity : Math.floor((parameter.high - parameter.low) / step + 1e-9) + 1
}

/** The i-th of the values that can be drawn, 0 ≤ i < countOf(parameter). */
export function valueAt(parameter: Parameter, i: number): Value {
  if (parameter.kind === 'categorical') return parameter.choices[i] as Value
  return Math.min(parameter.low + i * (stepOf(parameter) ?? 0), parameter.high)
}

function stepOf(parameter: NumericParameter): number | null {
  return parameter.step ?? (parameter.kind === 'int' ? 1 : null)
}

/** Where a numeric parameter is modelled: its (log) range, widened by half a step where it has steps. */
export interface Domain {
  low: number
  high: number
  /** Distance of neighbouring values; null where the model is continuous, as it is in the logarithm of an integer. */
  step: number | null
  log: boolean
}

/** The domain in Optuna 3.1's definition. The last step of a range that it does not divide is left out. */
export function domainOf(parameter: NumericParameter): Domain {
  const { kind, low, log = false } = parameter
  const step = stepOf(parameter)
  if (log) {
    const half = kind === 'int' ? 0.5 : 0
    return { low: Math.log(low - half), high: Math.log(parameter.high + half), step: null, log }
  }
  if (step === null) return { low, high: parameter.high, step, log }
  const high = valueAt(parameter, countOf(parameter) - 1) as number
  return { low: low - 0.5 * step, high: high + 0.5 * step, step, log }
}

/** A value as models see it: a choice's index, a number, or its logarithm. */
export function encode(parameter: Parameter, value: Value): number {
  if (parameter.kind === 'categorical') return parameter.choices.indexOf(value)
  return parameter.log ? Math.log(value as number) : (value as number)
}

/** The value nearest to `x` of a model; halves go to the even step, as numpy rounds. */
export function decode(parameter: Parameter, x: number): Value {
  if (parameter.kind === 'categorical') return parameter.choices[x] as Value
  const { kind, low, high, log = false } = parameter
  const value = log ? Math.exp(x) : x
  if (kind === 'float' && parameter.step === undefined) return Math.min(Math.max(value, low), high)
  if (log) return Math.min(Math.max(roundHalfEven(value), low), high)
  const steps = roundHalfEven((value - low) / (stepOf(parameter) as number))
  return valueAt(parameter, Math.min(Math.max(steps, 0), countOf(parameter) - 1))
}

/** The value at the share `u` in [0, 1) of `parameter`'s domain: uniform u give the uniform distribution. */
export function valueOfUnit(parameter: Parameter, u: number): Value {
  if (parameter.kind === 'categorical') return parameter.choices[Math.floor(u * parameter.choices.length)] as Value
  const { low, high } = domainOf(parameter)
  return decode(parameter, low + u * (high - low))
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x)
  const rest = x - floor
  if (rest === 0.5) return floor % 2 === 0 ? floor : floor + 1
  return rest < 0.5 ? floor : floor + 1
}

/** What is left of a float in a range that was found, and the value that was found in it, moved into what is left. */
export interface Narrowed {
  parameter: FloatParameter
  value: number
}

/** Null of anything but a float, or where nothing is left. */
export function narrowed(
  parameter: Parameter | undefined,
  found: { rate: number; low: number; high: number },
): Narrowed | null {
  if (parameter?.kind !== 'float') return null
  const [low, high] = [Math.max(found.low, parameter.low), Math.min(found.high, parameter.high)]
  if (low >= high) return null
  return { parameter: { ...parameter, low, high }, value: Math.min(Math.max(found.rate, low), high) }
}
