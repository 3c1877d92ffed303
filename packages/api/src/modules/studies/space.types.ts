/** What is searched and how, as GraphQL tells and takes it: space, sampler and pruner of `@sporeprint/tuning`. */
import type { Parameter, Pruner, Sampler, Space, Value } from '@sporeprint/tuning'
import { type InputIssue, InvalidInput } from '../../errors.ts'
import { builder } from '../../graphql/builder.ts'

/** A value of a space in GraphQL, which has no union of scalars. */
interface ValueShape {
  number?: number | null | undefined
  text?: string | null | undefined
  flag?: boolean | null | undefined
}

type Named<T> = T & { name: string }

const toShape = (value: Value): ValueShape => {
  if (typeof value === 'number') return { number: value }
  return typeof value === 'string' ? { text: value } : { flag: value }
}

/** @throws InvalidInput where more than one is given. */
function fromShape({ number, text, flag }: ValueShape, field: string): Value {
  const given = [number, text, flag].filter((part) => part !== null && part !== undefined)
  if (given.length > 1) {
    const message = 'must be one of number, text and flag; none of them stands for null'
    throw new InvalidInput([{ field, value: given.join(', '), message }])
  }
  return given[0] ?? null
}

const oneOfThree = 'At most one of number, text and flag is there; none of them stands for null.'

const ParameterValue = builder.objectRef<ValueShape>('ParameterValue').implement({
  description: `A value that a parameter may have. ${oneOfThree}`,
  fields: (t) => ({
    number: t.exposeFloat('number', { nullable: true }),
    text: t.exposeString('text', { nullable: true }),
    flag: t.exposeBoolean('flag', { nullable: true }),
  }),
})
const ParameterValueInput = builder.inputType('ParameterValueInput', {
  description: oneOfThree,
  fields: (t) => ({ number: t.float(), text: t.string(), flag: t.boolean() }),
})

export const TrialParameter = builder.objectRef<Named<ValueShape>>('TrialParameter').implement({
  description: `A parameter of a trial. ${oneOfThree}`,
  fields: (t) => ({
    name: t.exposeString('name'),
    number: t.exposeFloat('number', { nullable: true }),
    text: t.exposeString('text', { nullable: true }),
    flag: t.exposeBoolean('flag', { nullable: true }),
  }),
})
export const TrialParameterInput = builder.inputType('TrialParameterInput', {
  description: oneOfThree,
  fields: (t) => ({ name: t.string({ required: true }), number: t.float(), text: t.string(), flag: t.boolean() }),
})

export const parametersToList = (parameters: Readonly<Record<string, Value>>): Named<ValueShape>[] =>
  Object.entries(parameters).map(([name, value]) => ({ name, ...toShape(value) }))

/** @throws InvalidInput where a name comes twice, or has more than one value. */
export function parametersFromList(list: readonly Named<ValueShape>[], field: string): Record<string, Value> {
  refuseTwice(list, field)
  return Object.fromEntries(list.map((entry, i) => [entry.name, fromShape(entry, `${field}.${i}`)]))
}

function refuseTwice(list: readonly { name: string }[], field: string): void {
  const twice = list.find(({ name }, i) => list.findIndex((other) => other.name === name) < i)
  if (twice) throw new InvalidInput([{ field, value: twice.name, message: 'must name each parameter once' }])
}

const ParameterKind = builder.enumType('ParameterKind', { values: ['float', 'int', 'categorical'] as const })

const ConditionRef = builder.objectRef<NonNullable<Parameter['when']>>('ParameterCondition').implement({
  description: 'The parameter exists only in trials where another one has one of these values.',
  fields: (t) => ({
    parameter: t.exposeString('parameter'),
    is: t.field({ type: [ParameterValue], resolve: ({ is }) => is.map(toShape) }),
  }),
})
const ConditionInput = builder.inputType('ParameterConditionInput', {
  fields: (t) => ({
    parameter: t.string({ required: true, description: 'One that stands before this one.' }),
    is: t.field({ type: [ParameterValueInput], required: true }),
  }),
})

const numeric = (parameter: Parameter) => (parameter.kind === 'categorical' ? null : parameter)

export const SpaceParameter = builder.objectRef<Named<Parameter>>('SpaceParameter').implement({
  description:
    'One parameter of the space; low, high, log and step are null for a categorical one, choices for a numeric one.',
  fields: (t) => ({
    name: t.exposeString('name', {
      description: 'A setting of RunConfig, or `augment.` and a number of Augmentation.',
    }),
    kind: t.expose('kind', { type: ParameterKind }),
    low: t.float({ nullable: true, resolve: (p) => numeric(p)?.low ?? null }),
    high: t.float({ nullable: true, resolve: (p) => numeric(p)?.high ?? null }),
    log: t.boolean({ nullable: true, resolve: (p) => (numeric(p) ? (numeric(p)?.log ?? false) : null) }),
    step: t.float({ nullable: true, resolve: (p) => numeric(p)?.step ?? null }),
    choices: t.field({
      type: [ParameterValue],
      nullable: true,
      resolve: (p) => (p.kind === 'categorical' ? p.choices.map(toShape) : null),
    }),
    when: t.field({ type: ConditionRef, nullable: true, resolve: ({ when }) => when ?? null }),
  }),
})

export const SpaceParameterInput = builder.inputType('SpaceParameterInput', {
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'A setting of RunConfig such as baseLr, or a number of Augmentation such as augment.rotate.',
    }),
    kind: t.field({ type: ParameterKind, required: true }),
    low: t.float({ description: 'Of float and int; required there.' }),
    high: t.float({ description: 'Likewise; included.' }),
    log: t.boolean({ description: 'Searched by its logarithm. Default false.' }),
    step: t.float({ description: 'Only low, low + step, … Default any, and 1 for int.' }),
    choices: t.field({ type: [ParameterValueInput], description: 'Of categorical; required there.' }),
    when: t.field({ type: ConditionInput }),
  }),
})

export const spaceToList = (space: Space): Named<Parameter>[] =>
  Object.entries(space).map(([name, parameter]) => ({ name, ...parameter }))

export type SpaceInput = readonly (typeof SpaceParameterInput.$inferInput)[]

/** The space as it was given; whether it can be searched is for the tuning package to say. @throws InvalidInput */
export function spaceFromList(list: SpaceInput): Space {
  refuseTwice(list, 'input.space')
  return Object.fromEntries(list.map((entry, i) => [entry.name, parameterOf(entry, `input.space.${i}`)]))
}

function parameterOf(entry: SpaceInput[number], field: string): Parameter {
  const { kind, low, high, log, step, choices, when } = entry
  const condition = when && {
    when: { parameter: when.parameter, is: when.is.map((value) => fromShape(value, `${field}.when.is`)) },
  }
  const missing = (name: string): InputIssue => ({
    field: `${field}.${name}`,
    value: null,
    message: `must be given for ${entry.name}, which is ${kind}`,
  })
  if (kind === 'categorical') {
    if (!choices) throw new InvalidInput([missing('choices')])
    return { kind, choices: choices.map((value) => fromShape(value, `${field}.choices`)), ...condition }
  }
  if (typeof low !== 'number') throw new InvalidInput([missing('low')])
  if (typeof high !== 'number') throw new InvalidInput([missing('high')])
  return { kind, low, high, ...(log && { log }), ...(typeof step === 'number' && { step }), ...condition }
}

// Samplers and pruners are one type each, with the settings of every kind: those of another kind are null.

const samplerKinds = ['random', 'grid', 'sobol', 'tpe'] as const
const SamplerKind = builder.enumType('SamplerKind', {
  description: 'sobol: a scrambled sequence that fills the space evenly. tpe: learns from the trials so far.',
  values: samplerKinds,
})
const TpeModel = builder.enumType('TpeModel', {
  description: 'Which parameters are modelled together. mixed: numbers are, choices each by themselves.',
  values: ['univariate', 'multivariate', 'mixed'] as const,
})

type Settings<T, Kind extends string> = { kind: Kind } & Partial<Omit<Extract<T, { kind: Kind }>, 'kind'>>

const tpe = (sampler: Sampler) => (sampler.kind === 'tpe' ? sampler : null)

export const SamplerRef = builder.objectRef<Sampler>('Sampler').implement({
  description: 'How the parameters of the next trial are found. The settings are those of tpe, null for others.',
  fields: (t) => ({
    kind: t.expose('kind', { type: SamplerKind }),
    startupTrials: t.int({ nullable: true, resolve: (s) => (tpe(s) ? (tpe(s)?.startupTrials ?? 10) : null) }),
    candidates: t.int({ nullable: true, resolve: (s) => (tpe(s) ? (tpe(s)?.candidates ?? 24) : null) }),
    model: t.field({
      type: TpeModel,
      nullable: true,
      resolve: (s) => (tpe(s) ? (tpe(s)?.model ?? ('mixed' as const)) : null),
    }),
  }),
})

export const SamplerInput = builder.inputType('SamplerInput', {
  description: 'The settings are those of tpe.',
  fields: (t) => ({
    kind: t.field({ type: SamplerKind, required: true }),
    startupTrials: t.int({ description: 'Random trials before it learns. Default 10.' }),
    candidates: t.int({ description: 'Default 24.' }),
    model: t.field({ type: TpeModel, description: 'Default mixed.' }),
  }),
})

/** What is null counts as left out. */
const given = <T extends object>(settings: T): { [K in keyof T]?: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null && value !== undefined)) as never

/** @throws InvalidInput where a setting is of another kind. */
export function samplerOf(input: typeof SamplerInput.$inferInput): Sampler {
  const { kind, ...settings } = given(input) as Settings<Sampler, 'tpe'> & { kind: Sampler['kind'] }
  refuseSettings('input.sampler', kind, settings, kind === 'tpe' ? ['startupTrials', 'candidates', 'model'] : [])
  return { kind, ...settings } as Sampler
}

function refuseSettings(field: string, kind: string, settings: object, allowed: readonly string[]): void {
  const issues = Object.entries(settings)
    .filter(([name]) => !allowed.includes(name))
    .map(([name, value]) => ({
      field: `${field}.${name}`,
      value: String(value),
      message: `must be left out for ${kind}`,
    }))
  if (issues.length > 0) throw new InvalidInput(issues)
}

const interval = ['warmupSteps', 'intervalSteps'] as const
const prunerSettings = {
  none: [],
  median: ['startupTrials', 'minTrials', ...interval],
  percentile: ['percentile', 'startupTrials', 'minTrials', ...interval],
  successiveHalving: ['minResource', 'reductionFactor', 'minEarlyStoppingRate', 'bootstrapCount'],
  hyperband: ['minResource', 'maxResource', 'reductionFactor', 'bootstrapCount'],
  patient: ['patience', 'minDelta', 'wrapped'],
  threshold: ['lower', 'upper', ...interval],
} as const satisfies Record<Pruner['kind'], readonly string[]>

const prunerKinds = Object.keys(prunerSettings) as Pruner['kind'][]

const PrunerKind = builder.enumType('PrunerKind', {
  description:
    'median, percentile: worse than that of complete trials at the epoch. successiveHalving: ASHA. patient: no improvement, then what it wraps. threshold: out of bounds.',
  values: prunerKinds,
})

type PrunerNumber =
  | 'percentile'
  | 'startupTrials'
  | 'minTrials'
  | 'warmupSteps'
  | 'intervalSteps'
  | 'minResource'
  | 'maxResource'
  | 'reductionFactor'
  | 'minEarlyStoppingRate'
  | 'bootstrapCount'
  | 'patience'
  | 'minDelta'
  | 'lower'
  | 'upper'

const prunerNumbers: Record<PrunerNumber, { about: string; whole: boolean }> = {
  percentile: { about: 'Keeps this share of trials, in percent.', whole: false },
  startupTrials: { about: 'Prunes once so many trials are complete. Default 5.', whole: true },
  minTrials: { about: 'Prunes where so many complete trials reported at the epoch. Default 1.', whole: true },
  warmupSteps: { about: 'Leaves the first epochs alone. Default 0.', whole: true },
  intervalSteps: { about: 'Epochs between looks. Default 1.', whole: true },
  minResource: { about: 'Epochs to the first rung.', whole: true },
  maxResource: { about: 'The most epochs of a trial.', whole: true },
  reductionFactor: { about: 'One of so many goes on from a rung. Default 4, of hyperband 3.', whole: true },
  minEarlyStoppingRate: { about: 'Leaves out so many of the lowest rungs. Default 0.', whole: true },
  bootstrapCount: { about: 'Nobody goes on before more than so many came to the rung. Default 0.', whole: true },
  patience: { about: 'Epochs without improvement.', whole: true },
  minDelta: { about: 'What counts as improvement is at least this much. Default 0.', whole: false },
  lower: { about: 'Prunes what is below.', whole: false },
  upper: { about: 'Prunes what is above.', whole: false },
}

const eachNumber = <T>(make: (name: PrunerNumber, about: string, whole: boolean) => T): Record<PrunerNumber, T> =>
  Object.fromEntries(
    Object.entries(prunerNumbers).map(([name, { about, whole }]) => [name, make(name as PrunerNumber, about, whole)]),
  ) as Record<PrunerNumber, T>

export const PrunerRef = builder.objectRef<Pruner>('Pruner')
PrunerRef.implement({
  description:
    'Which trials are not worth going on with. Settings of another kind are null, and so are those left out.',
  fields: (t) => ({
    kind: t.expose('kind', { type: PrunerKind }),
    ...eachNumber((name, description, whole) => {
      const resolve = (pruner: Pruner) => (pruner as Partial<Record<PrunerNumber, number>>)[name] ?? null
      return whole ? t.int({ nullable: true, description, resolve }) : t.float({ nullable: true, description, resolve })
    }),
    wrapped: t.field({
      type: PrunerRef,
      nullable: true,
      description: 'What patient asks once patience is over; null: it prunes.',
      resolve: (pruner) => (pruner.kind === 'patient' ? pruner.wrapped : null),
    }),
  }),
})

interface PrunerShape extends Partial<Record<PrunerNumber, number | null | undefined>> {
  kind: Pruner['kind']
  wrapped?: PrunerShape | null | undefined
}

export const PrunerInput = builder.inputRef<PrunerShape>('PrunerInput')
PrunerInput.implement({
  description: 'Settings of another kind must be left out.',
  fields: (t) => ({
    kind: t.field({ type: PrunerKind, required: true }),
    ...eachNumber((_, description, whole) => (whole ? t.int({ description }) : t.float({ description }))),
    wrapped: t.field({ type: PrunerInput, description: 'Of patient: what it asks once patience is over.' }),
  }),
})

/** @throws InvalidInput where a setting is of another kind. */
export function prunerOf(input: PrunerShape): Pruner {
  const { kind, wrapped, ...settings } = given(input) as PrunerShape
  refuseSettings('input.pruner', kind, { ...settings, ...(wrapped && { wrapped }) }, prunerSettings[kind])
  if (kind !== 'patient') return { kind, ...settings } as Pruner
  return { kind, ...settings, wrapped: wrapped ? prunerOf(wrapped) : null } as Pruner
}
