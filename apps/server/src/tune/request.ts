import type { TrainSpec } from '@sporeprint/engine'
import {
  createPlan,
  type Direction,
  type Objective,
  type Parameters,
  type Pruner,
  pausesAtRungs,
  rungsOf,
  type Sampler,
  type Space,
  type StudyPlan,
  TuningError,
} from '@sporeprint/tuning'
import { UsageError } from '../cli/errors.ts'

/** What a trial can be judged by. */
export const metricNames = ['accuracy', 'f1Weighted', 'f1Micro', 'f1Macro', 'validLoss'] as const

export type MetricName = (typeof metricNames)[number]

/** What a study was asked for. It cannot change while the study lives, but for its budget. Plain data. */
export interface StudyRequest {
  /** What all trials have in common; `out` is the study's folder. */
  base: TrainSpec
  space: Space
  sampler: Sampler
  pruner: Pruner
  objectives: Objective[]
  folds: number
  rungs: number[] | null
  /** Sides of the images up to the first rungs, in pixels. */
  sizes: number[]
  /** Whether every rung is the end of a complete schedule, after which another one begins. */
  restarts: boolean
  lrFind: boolean
  /** Whether the run without a search is trial 0, around which the search begins. */
  baseline: boolean
  /** Tried first. */
  enqueue: Parameters[]
}

const samplers: Readonly<Record<string, Sampler>> = {
  tpe: { kind: 'tpe' },
  random: { kind: 'random' },
  sobol: { kind: 'sobol' },
  grid: { kind: 'grid' },
}

const pruners: Readonly<Record<string, Pruner>> = {
  asha: { kind: 'successiveHalving', reductionFactor: 3 },
  hyperband: { kind: 'hyperband' },
  median: { kind: 'median' },
  percentile: { kind: 'percentile', percentile: 25 },
  patient: { kind: 'patient', patience: 3, wrapped: null },
  threshold: { kind: 'threshold' },
  none: { kind: 'none' },
}

/** A sampler or pruner by its name, or with its settings as JSON: {"kind":"median","startupTrials":3}. */
const byName =
  <T extends { kind: string }>(option: string, known: Readonly<Record<string, T>>) =>
  (text: string): T => {
    if (Object.hasOwn(known, text)) return known[text] as T
    const refuse = (): never => {
      throw new UsageError(
        `${option} is ${Object.keys(known).join(', ')}, or one with its settings as JSON, not ${text}`,
      )
    }
    try {
      const value = JSON.parse(text) as T
      return typeof value?.kind === 'string' ? value : refuse()
    } catch {
      return refuse()
    }
  }

export const samplerOf: (text: string) => Sampler = byName('--sampler', samplers)
export const prunerOf: (text: string) => Pruner = byName('--pruner', pruners)

/** Objectives from lists of metrics and directions, which by default are those in which a metric is better. */
export function objectivesOf(metrics: readonly string[], directions: readonly string[]): Objective[] {
  const stranger = metrics.find((name) => !metricNames.some((known) => known === name))
  if (stranger !== undefined) throw new UsageError(`--metric is of ${metricNames.join(', ')}, not ${stranger}`)
  if (directions.length > 0 && directions.length !== metrics.length) {
    throw new UsageError(`--direction names ${directions.length} for ${metrics.length} metrics: name one for each`)
  }
  return metrics.map((metric, k) => {
    const direction = directions[k] ?? (metric.endsWith('Loss') ? 'minimize' : 'maximize')
    if (direction !== 'minimize' && direction !== 'maximize') {
      throw new UsageError(`--direction is minimize or maximize, not ${direction}`)
    }
    return { metric, direction: direction satisfies Direction }
  })
}

/** What a plan has beside what its study was asked for. */
type Terms = Pick<StudyPlan, 'name' | 'budget' | 'parallel' | 'baseline'>

/** The plan of a study. Throws UsageError where it cannot be followed. */
export function planOf(request: StudyRequest, terms: Terms): StudyPlan {
  const { base, space, sampler, pruner, objectives, folds, rungs, sizes } = request
  const { seed, epochs, freezeEpochs } = base
  let plan: StudyPlan
  try {
    const search = { seed, space, sampler, pruner, objectives }
    plan = createPlan({ ...terms, ...search, epochs, freezeEpochs, folds, rungs })
  } catch (error) {
    if (error instanceof TuningError) throw new UsageError(error.message, { cause: error })
    throw error
  }
  if (sizes.length === 0) return plan
  if (!pausesAtRungs(plan)) throw new UsageError('--sizes belong to rungs: take --pruner asha or hyperband')
  const below = rungsOf(plan).length - 1
  if (sizes.length > below) {
    throw new UsageError(`--sizes names ${sizes.length} for the ${below} rungs below the last epoch: name fewer`)
  }
  const large = sizes.find((size, k) => size >= (sizes[k + 1] ?? base.size))
  if (large !== undefined) throw new UsageError(`--sizes must rise, below --size ${base.size}: ${large} does not`)
  return plan
}

/** The first thing in which `asked` is another study than the one that `was` begun; null where nothing is. */
export function difference(was: StudyRequest, asked: StudyRequest): string | null {
  // Where things lie may change, and so may the pace of checkpoints.
  const free = new Set(['data', 'out', 'resume', 'weights', 'checkpointEvery'])
  const flat = (value: unknown, name: string): [string, string][] =>
    name === 'base' || name === 'base.augment'
      ? Object.entries(value as object)
          .filter(([key]) => !free.has(key))
          .flatMap(([key, part]) => flat(part, `${name}.${key}`))
      : [[name, JSON.stringify(value)]]
  const all = (request: StudyRequest) => Object.entries(request).flatMap(([name, value]) => flat(value, name))
  const before = new Map(all(was))
  for (const [name, value] of all(asked)) {
    const old = before.get(name)
    if (old !== value) return `${name.replace(/^base\./, '')} ${old ?? 'none'}, not ${value}`
  }
  return null
}
