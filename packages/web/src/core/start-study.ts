/** The form that starts a study, with what is searched in rows of text. */
import type { Api } from './api.ts'
import { startStudyMutation } from './documents.ts'
import type {
  Arch,
  ObjectiveMetric,
  PrunerInput,
  SamplerKind,
  SpaceParameterInput,
  StartStudyInput,
} from './documents.types.ts'
import { given, isNumber, isWhole, noDataset, notWhole, type Problems, refused } from './start-form.ts'

export interface StartStudyForm {
  dataset: string
  name: string
  arch: Arch
  weights: string
  size: string
  batch: string
  epochs: string
  objective: ObjectiveMetric
  sampler: SamplerKind
  pruner: PrunerChoice
  /** Whether the range test comes first. */
  findRate: 'no' | 'yes'
  trials: string
  hours: string
  parallel: string
  seed: string
  space: readonly SpaceRow[]
}

/** A parameter of the space as it is typed. */
export interface SpaceRow {
  name: string
  /** Of a number. */
  low: string
  high: string
  log: boolean
  /** Of names: separated by commas. */
  choices: string
}

export type PrunerChoice = 'asha' | 'hyperband' | 'median' | 'none'

const pruners: Readonly<Record<PrunerChoice, PrunerInput>> = {
  asha: { kind: 'successiveHalving', reductionFactor: 3 },
  hyperband: { kind: 'hyperband' },
  median: { kind: 'median' },
  none: { kind: 'none' },
}

export const prunerChoices: Readonly<Record<PrunerChoice, string>> = {
  asha: 'ASHA: pause at rungs, the best third goes on',
  hyperband: 'Hyperband: ASHA with several first rungs',
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
    choices: (choices ?? []).join(', '),
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
  dataset: '',
  name: '',
  arch: 'resnet18',
  weights: '',
  size: '224',
  batch: '64',
  epochs: '9',
  objective: 'f1Macro',
  sampler: 'tpe',
  pruner: 'asha',
  findRate: 'no',
  trials: '20',
  hours: '',
  parallel: '',
  seed: '0',
  space: usualSpace,
}

export const isNumeric = ({ name }: SpaceRow): boolean => knownParameters[name]?.kind !== 'categorical'

/** What can be seen without the server. */
export function checkStudy(form: StartStudyForm): Problems<StartStudyForm> {
  const problems: Problems<StartStudyForm> = {}
  if (form.dataset === '') problems.dataset = noDataset
  for (const field of ['size', 'batch', 'epochs', 'seed'] as const) {
    if (!isWhole(form[field])) problems[field] = notWhole
  }
  for (const field of ['trials', 'parallel'] as const) {
    if (given(form[field]) && !isWhole(form[field])) problems[field] = `${notWhole}, or empty`
  }
  if (given(form.hours) && !isNumber(form.hours)) problems.hours = 'Must be a number, or empty'
  const rows = Object.fromEntries(form.space.flatMap((row) => checkRow(row).map((problem) => [row.name, problem])))
  if (form.space.length === 0) rows[''] = 'Search at least one parameter'
  return Object.keys(rows).length > 0 ? { ...problems, space: rows } : problems
}

function checkRow(row: SpaceRow): string[] {
  if (!isNumeric(row)) return choicesOf(row).length > 0 ? [] : ['Name at least one choice']
  if (!isNumber(row.low) || !isNumber(row.high)) return ['Must go from a number to a number']
  if (Number(row.low) > Number(row.high)) return ['Must not end below its beginning']
  return row.log && Number(row.low) <= 0 ? ['A logarithmic range begins above 0'] : []
}

const choicesOf = ({ choices }: SpaceRow): string[] =>
  choices
    .split(',')
    .map((choice) => choice.trim())
    .filter((choice) => choice !== '')

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
    space: form.space.map(toParameter),
    objectives: [{ metric: form.objective }],
    sampler: { kind: form.sampler },
    pruner: pruners[form.pruner],
    seed: Number(form.seed),
    findRate: form.findRate === 'yes',
    parallel: number(form.parallel),
    budget: { trials: number(form.trials), hours: number(form.hours) },
  }
}

function toParameter(row: SpaceRow): SpaceParameterInput {
  const { name, low, high, log } = row
  const kind = knownParameters[name]?.kind ?? 'float'
  if (kind === 'categorical') return { name, kind, choices: choicesOf(row).map((text) => ({ text })) }
  return { name, kind, low: Number(low), high: Number(high), log }
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
