import { TuningError } from './errors.ts'
import { checkPruner, type Pruner } from './pruners/pruner.ts'
import { checkSampler, type Sampler } from './samplers/sampler.ts'
import { checkSpace, contains, isActive, type Parameters, type Space } from './space.ts'

/**
 * A study is plain data: what is searched and how, and the trials so far. Functions on it (`ask`, `report`, `shouldPrune`,
 * `tell`) are the only hands that change it, in place, and none keeps anything that could not be had from it again. So a study
 * that was written to disk and read back goes on exactly as it would have.
 */
export interface Study {
  /** Decides, with a trial's number, about its bracket under Hyperband. */
  readonly name: string
  /** u32; the same seed gives the same suggestions after the same history. */
  readonly seed: number
  /** One direction for each objective. */
  readonly directions: readonly Direction[]
  readonly space: Space
  readonly sampler: Sampler
  readonly pruner: Pruner
  /** What one would take without a search: TPE begins around it. It need not name all parameters. */
  readonly baseline?: Readonly<Parameters>
  /** By number, which counts from 0. */
  readonly trials: Trial[]
  /** Resources that a pruner learned from the first trials, where its settings leave them to it. */
  readonly learned: { minResource?: number; maxResource?: number }
}

export type Direction = 'minimize' | 'maximize'

/** waiting: enqueued and not yet asked for; running: asked for and not yet told; the others are finished. */
export type TrialState = 'waiting' | 'running' | 'complete' | 'pruned' | 'failed'

export interface Trial {
  readonly number: number
  state: TrialState
  /** Of a waiting trial, those that were fixed; from then on all that exist in it. */
  parameters: Parameters
  /** One for each objective; null unless complete, or pruned after a report. */
  values: number[] | null
  /** What was reported while it ran, in the order of reporting. */
  readonly reports: Report[]
  /** Value at each rung of successive halving that it has reached. */
  readonly rungs: number[]
  /** How much each constraint is violated: feasible where none is above 0; null where none were told. */
  constraints: number[] | null
  /** Why it failed, for people. */
  failure: string | null
}

export interface Report {
  step: number
  value: number
}

export interface StudyOptions {
  space: Space
  name?: string
  seed?: number
  /** Default: one objective, to minimize. */
  directions?: readonly Direction[]
  /** Default: TPE. */
  sampler?: Sampler
  /** Default: none. */
  pruner?: Pruner
  /** Default: none; nothing is believed to be better than anything else. */
  baseline?: Readonly<Parameters>
}

/** A study without trials. */
export function createStudy(options: StudyOptions): Study {
  const study: Study = {
    name: options.name ?? 'study',
    seed: options.seed ?? 0,
    directions: options.directions ?? ['minimize'],
    space: options.space,
    sampler: options.sampler ?? { kind: 'tpe' },
    pruner: options.pruner ?? { kind: 'none' },
    ...(options.baseline && { baseline: options.baseline }),
    trials: [],
    learned: {},
  }
  checkStudy(study)
  return study
}

/** Throws unless a study could be searched as it is set. */
export function checkStudy(study: Omit<Study, 'trials' | 'learned'>): void {
  const { seed, directions, space, sampler, pruner, baseline = {} } = study
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new TuningError(`The seed is ${seed}: it must be an integer from 0 to 4294967295`, { field: 'seed' })
  }
  if (directions.length === 0 || directions.some((direction) => direction !== 'minimize' && direction !== 'maximize')) {
    throw new TuningError(`The directions are [${directions.join(', ')}]: give minimize or maximize for each objective`)
  }
  checkSpace(space)
  checkSampler(sampler, space)
  checkPruner(pruner)
  checkFixed(space, baseline)
  if (directions.length > 1 && pruner.kind !== 'none') {
    throw new TuningError(
      `A study of ${directions.length} objectives cannot prune: which trial is worse is not defined`,
      { field: 'pruner' },
    )
  }
}

/** Puts a trial into the queue: `ask` gives it out next, with what `parameters` leaves open drawn by the sampler. */
export function enqueue(study: Study, parameters: Readonly<Parameters>): Trial {
  checkFixed(study.space, parameters)
  return addTrial(study, 'waiting', { ...parameters })
}

/** Throws unless a trial of `space` may have these parameters, whatever the others are. */
export function checkFixed(space: Space, parameters: Readonly<Parameters>): void {
  for (const [name, value] of Object.entries(parameters)) {
    const parameter = space[name]
    if (parameter === undefined) {
      throw new TuningError(`${name} is not of the search space, which has ${Object.keys(space).join(', ')}`)
    }
    if (!contains(parameter, value)) throw new TuningError(`${name} cannot be ${JSON.stringify(value)} in this space`)
    const { when } = parameter
    if (when !== undefined && Object.hasOwn(parameters, when.parameter) && !isActive(parameter, parameters)) {
      throw new TuningError(
        `${name} does not exist where ${when.parameter} is ${parameters[when.parameter]}: leave it out`,
      )
    }
  }
}

export function addTrial(study: Study, state: TrialState, parameters: Parameters): Trial {
  const trial: Trial = {
    number: study.trials.length,
    state,
    parameters,
    values: null,
    reports: [],
    rungs: [],
    constraints: null,
    failure: null,
  }
  study.trials.push(trial)
  return trial
}

export function trialOf(study: Study, number: number): Trial {
  const trial = study.trials[number]
  if (trial === undefined) {
    throw new TuningError(`There is no trial ${number}: the study has ${study.trials.length}, counted from 0`)
  }
  return trial
}

/** +1 or −1: a value times it is a loss, which is better where it is less. */
export function lossSign(direction: Direction | undefined): 1 | -1 {
  return direction === 'maximize' ? -1 : 1
}

/** The losses of a trial that has values. */
export function lossesOf(study: Study, trial: Trial): number[] {
  return (trial.values as number[]).map((value, k) => lossSign(study.directions[k]) * value)
}

/** The report of the highest step. */
export function lastReport(trial: Trial): Report | null {
  let last: Report | null = null
  for (const report of trial.reports) if (last === null || report.step > last.step) last = report
  return last
}

/** How far a trial is from feasible, 0 where it is: Σ max(0, c). Where constraints were not told, `missing`. */
export function violationOf(trial: Trial, missing: number): number {
  if (trial.constraints === null) return missing
  return trial.constraints.reduce((sum, constraint) => sum + Math.max(0, constraint), 0)
}
