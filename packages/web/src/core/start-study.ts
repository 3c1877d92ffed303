/** The form that starts a study, with what is searched in rows of text. */
import type { Api } from './api.ts'
import { startStudyMutation } from './documents.ts'
import type {
  ObjectiveMetric,
  PrunerInput,
  SamplerKind,
  SpaceParameterInput,
  StartStudyInput,
} from './documents.types.ts'
import {
  emptyTraining,
  given,
  isNumber,
  isWhole,
  noDataset,
  notWhole,
  type Problems,
  refused,
  type TrainingForm,
} from './start-form.ts'

export interface StartStudyForm extends TrainingForm {
  epochs: string
  objective: ObjectiveMetric
  sampler: SamplerKind
  pruner: PrunerChoice
  /** Whether the range test comes first. */
  findRate: 'no' | 'yes'
  trials: string
  hours: string
  space: readonly SpaceRow[]
  folds: string
  /** Epochs, separated by commas. */
  rungs: string
  /** Sides in pixels, likewise. */
  sizes: string
  restarts: 'no' | 'yes'
  /** Whether trial 0 has the settings as they are, and the search begins around them. */
  baseline: 'no' | 'yes'
  finalSeeds: string
  parallel: string
  seed: string
}

/** What most studies leave as it is. */
export const advancedFields = [
  'baseline',
  'folds',
  'rungs',
  'sizes',
  'restarts',
  'finalSeeds',
  'parallel',
  'seed',
] as const

/** A parameter of the space as it is typed. */
export interface SpaceRow {
  name: string
  /** Of a number. */
  low: string
  high: string
  log: boolean
  /** Between neighbouring values, where a grid is searched. */
  step: string
  /** Of names: separated by commas. */
  choices: string
  /** It exists only in trials where another parameter, one of names, has one of these values. */
  when: { parameter: string; is: readonly string[] } | null
}

export type PrunerChoice = 'asha' | 'hyperband' | 'median' | 'none'

const pruners: Readonly<Record<PrunerChoice, PrunerInput>> = {
  asha: { kind: 'successiveHalving', reductionFactor: 3 },
  hyperband: { kind: 'hyperband' },
  median: { kind: 'median' },
  none: { kind: 'none' },
}

export const prunerChoices: Readonly<Record<PrunerChoice, string>> = {
  asha: 'ASHA: the best third goes on',
  hyperband: 'Hyperband: several first rungs',
  median: 'Median: stop what is worse than half',
  none: 'None: every trial to its end',
}

interface KnownParameter {
  label: string
  kind: 'float' | 'int' | 'categorical'
  low?: number
  high?: number
  log?: boolean
  choices?: readonly string[]
}

/** What may be searched here, with a range to begin with; the API takes every setting of a run. */
export const knownParameters: Readonly<Record<string, KnownParameter>> = {
  baseLr: { label: 'Base learning rate', kind: 'float', low: 1e-4, high: 3e-2, log: true },
  weightDecay: { label: 'Weight decay', kind: 'float', low: 1e-4, high: 0.3, log: true },
  lrMult: { label: 'Rate divisor of the body', kind: 'float', low: 1, high: 100, log: true },
  freezeEpochs: { label: 'Frozen epochs', kind: 'int', low: 0, high: 3 },
  labelSmoothing: { label: 'Label smoothing', kind: 'float', low: 0, high: 0.3 },
  schedule: { label: 'Schedule', kind: 'categorical', choices: ['flat_cos', 'one_cycle', 'cosine'] },
  optimizer: { label: 'Optimiser', kind: 'categorical', choices: ['adamw', 'sgd'] },
  momentum: { label: 'Momentum', kind: 'float', low: 0.8, high: 0.98 },
  batch: { label: 'Batch', kind: 'int', low: 16, high: 128, log: true },
  mixup: { label: 'MixUp', kind: 'float', low: 0, high: 0.4 },
  cutmix: { label: 'CutMix', kind: 'float', low: 0, high: 1 },
  'augment.flipP': { label: 'Mirroring', kind: 'float', low: 0, high: 0.5 },
  'augment.rotate': { label: 'Turning, degrees', kind: 'float', low: 0, high: 45 },
  'augment.zoomMax': { label: 'Enlargement', kind: 'float', low: 1, high: 1.5 },
  'augment.warp': { label: 'Warping', kind: 'float', low: 0, high: 0.3 },
  'augment.lighting': { label: 'Lighting', kind: 'float', low: 0, high: 0.4 },
  'augment.eraseP': { label: 'Erasing', kind: 'float', low: 0, high: 0.5 },
}

/** A known parameter as it is typed at first. */
export function rowOf(name: string): SpaceRow {
  const { low, high, log = false, choices } = knownParameters[name] ?? { kind: 'float' as const }
  return {
    name,
    low: low === undefined ? '' : String(low),
    high: high === undefined ? '' : String(high),
    log,
    step: '',
    choices: (choices ?? []).join(', '),
    when: null,
  }
}

const usualSpace: readonly SpaceRow[] = [
  'baseLr',
  'weightDecay',
  'labelSmoothing',
  'schedule',
  'mixup',
  'augment.flipP',
  'augment.rotate',
  'augment.zoomMax',
  'augment.lighting',
].map(rowOf)

/** Defaults of the command line. */
export const emptyStudy: StartStudyForm = {
  ...emptyTraining,
  epochs: '9',
  objective: 'f1Macro',
  sampler: 'tpe',
  pruner: 'asha',
  findRate: 'no',
  trials: '20',
  hours: '',
  space: usualSpace,
  folds: '1',
  rungs: '',
  sizes: '',
  restarts: 'yes',
  baseline: 'yes',
  finalSeeds: '',
  parallel: '',
  seed: '0',
}

export const isNumeric = ({ name }: SpaceRow): boolean => knownParameters[name]?.kind !== 'categorical'

export const labelOf = (name: string): string => knownParameters[name]?.label ?? name

/** The parameters on which `row` may depend: of names, and not depending on it in turn. */
export function possibleConditions(row: SpaceRow, space: readonly SpaceRow[]): SpaceRow[] {
  const dependsOnRow = (other: SpaceRow | undefined): boolean =>
    other === row || (!!other?.when && dependsOnRow(space.find(({ name }) => name === other.when?.parameter)))
  return space.filter((other) => !isNumeric(other) && !dependsOnRow(other))
}

/** Takes a parameter out, and with it every condition on it. */
export const without = (space: readonly SpaceRow[], name: string): SpaceRow[] =>
  space.filter((row) => row.name !== name).map((row) => (row.when?.parameter === name ? { ...row, when: null } : row))

/** Whether the search begins with the settings; a grid has its order. */
export const hasBaseline = ({ baseline, sampler }: StartStudyForm): boolean => baseline === 'yes' && sampler !== 'grid'

/** What can be seen without the server. */
export function checkStudy(form: StartStudyForm): Problems<StartStudyForm> {
  const problems: Problems<StartStudyForm> = {}
  if (form.dataset === '') problems.dataset = noDataset
  for (const field of ['size', 'batch', 'epochs', 'folds', 'seed'] as const) {
    if (!isWhole(form[field])) problems[field] = notWhole
  }
  for (const field of ['trials', 'parallel', 'finalSeeds'] as const) {
    if (given(form[field]) && !isWhole(form[field])) problems[field] = `${notWhole}, or empty`
  }
  for (const field of ['rungs', 'sizes'] as const) {
    if (!listOf(form[field]).every(isWhole)) problems[field] = 'Must be whole numbers with commas between, or empty'
  }
  if (given(form.hours) && !isNumber(form.hours)) problems.hours = 'Must be a number, or empty'
  const rows = Object.fromEntries(
    form.space.flatMap((row) => checkRow(row, form).map((problem) => [row.name, problem])),
  )
  if (form.space.length === 0) rows[''] = 'Search at least one parameter'
  return Object.keys(rows).length > 0 ? { ...problems, space: rows } : problems
}

function checkRow(row: SpaceRow, { space, sampler }: StartStudyForm): string[] {
  if (row.when && valuesOf(row.when, space).length === 0) {
    return [`Choose with which values of ${labelOf(row.when.parameter)} it is searched`]
  }
  if (!isNumeric(row)) return listOf(row.choices).length > 0 ? [] : ['Name at least one choice']
  if (!isNumber(row.low) || !isNumber(row.high)) return ['Must go from a number to a number']
  if (Number(row.low) > Number(row.high)) return ['Must not end below its beginning']
  if (sampler === 'grid') return !given(row.step) || isNumber(row.step) ? [] : ['Must go by a number']
  return row.log && Number(row.low) <= 0 ? ['A logarithmic range begins above 0'] : []
}

/** What commas separate. */
export const listOf = (text: string): string[] => text.split(',').flatMap((part) => given(part) ?? [])

/** Those values of a condition that are still choices of its parameter. */
function valuesOf({ parameter, is }: NonNullable<SpaceRow['when']>, space: readonly SpaceRow[]): string[] {
  const choices = listOf(space.find(({ name }) => name === parameter)?.choices ?? '')
  return choices.filter((choice) => is.includes(choice))
}

export function toStudyInput(form: StartStudyForm): StartStudyInput {
  const name = given(form.name)
  const weights = given(form.weights)
  const number = (text: string): number | null => (given(text) ? Number(text) : null)
  return {
    dataset: form.dataset,
    ...(name && { name }),
    config: {
      arch: form.arch,
      ...(weights && { weights }),
      size: Number(form.size),
      batch: Number(form.batch),
      epochs: Number(form.epochs),
    },
    space: conditionsFirst(form.space).map((row) => toParameter(row, form)),
    objectives: [{ metric: form.objective }],
    sampler: { kind: form.sampler },
    pruner: pruners[form.pruner],
    seed: Number(form.seed),
    findRate: form.findRate === 'yes',
    folds: Number(form.folds),
    ...(given(form.rungs) && { rungs: listOf(form.rungs).map(Number) }),
    ...(given(form.sizes) && { sizes: listOf(form.sizes).map(Number) }),
    restarts: form.restarts === 'yes',
    baseline: hasBaseline(form),
    finalSeeds: number(form.finalSeeds),
    parallel: number(form.parallel),
    budget: { trials: number(form.trials), hours: number(form.hours) },
  }
}

/** In an order in which each parameter comes after the one on which it depends. */
function conditionsFirst(space: readonly SpaceRow[]): SpaceRow[] {
  const ordered = new Set<SpaceRow>()
  const add = (row: SpaceRow): void => {
    const condition = space.find(({ name }) => name === row.when?.parameter)
    if (condition && !ordered.has(condition)) add(condition)
    ordered.add(row)
  }
  space.forEach(add)
  return [...ordered]
}

function toParameter(row: SpaceRow, { space, sampler }: StartStudyForm): SpaceParameterInput {
  const { name, low, high, log, step, when } = row
  const kind = knownParameters[name]?.kind ?? 'float'
  const texts = (values: readonly string[]) => values.map((text) => ({ text }))
  const condition = when && { when: { parameter: when.parameter, is: texts(valuesOf(when, space)) } }
  if (kind === 'categorical') return { name, kind, choices: texts(listOf(row.choices)), ...condition }
  const range = { name, kind, low: Number(low), high: Number(high), ...condition }
  if (sampler !== 'grid') return { ...range, log }
  return { ...range, ...(given(step) && { step: Number(step) }) }
}

/**
 * Starts the study.
 * @returns its id
 * @throws {ApiError} INVALID_INPUT with the fields at fault, or any failure of the request
 */
export async function startStudy(api: Api, form: StartStudyForm): Promise<string> {
  const { startStudy: result } = await api.mutate(startStudyMutation, { input: toStudyInput(form) })
  return result.__typename === 'StartStudySuccess' ? result.study.id : refused(result)
}
