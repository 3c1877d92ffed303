import type { Parameters } from '../space.ts'
import { createStudy, type Study, type Trial } from '../study.ts'
import type { StudyPlan } from './plan.ts'
import { bracketOfTrial, stagesOf } from './stages.ts'

/** A study and its trials so far: all that `decide` looks at, and what `record` changes. Plain data, JSON as it stands. */
export interface DrivenStudy {
  plan: StudyPlan
  /** By number, which counts from 0. */
  readonly trials: DrivenTrial[]
}

/** paused: has done what it was sent to do and waits for its turn, or lost its worker; Optuna knows the others. */
export type DrivenState = 'waiting' | 'running' | 'paused' | 'complete' | 'pruned' | 'failed'

export interface DrivenTrial {
  readonly number: number
  state: DrivenState
  /** Of a waiting trial, those that were fixed; from then on all that exist in it. */
  parameters: Parameters
  /** Stages that it was sent to do (stages.ts): more than `results` while it runs, or where it was interrupted. */
  sent: number
  /** For each stage that it has done, the value of each objective at its end. */
  readonly results: number[][]
  /** The first objective by epoch of the first fold, counted from 1, frozen ones included. Null: not a number. */
  readonly reports: { epoch: number; value: number | null }[]
  /** Epochs trained, frozen ones included, by fold. */
  readonly epochs: number[]
  /** Of a complete trial, one for each objective: the mean over folds. */
  values: number[] | null
  /** How often it was lost with its worker. */
  lost: number
  /** Why it failed or was pruned, for people. */
  reason: string | null
}

export function addDrivenTrial(study: DrivenStudy, state: DrivenState, parameters: Parameters): DrivenTrial {
  const number = study.trials.length
  const trial: DrivenTrial = {
    number,
    state,
    parameters,
    sent: 0,
    results: [],
    reports: [],
    epochs: [],
    values: null,
    lost: 0,
    reason: null,
  }
  study.trials.push(trial)
  return trial
}

/** Frozen epochs of a trial with these parameters. */
export function freezeEpochsOf({ freezeEpochs }: StudyPlan, parameters: Readonly<Parameters>): number {
  return Number(parameters.freezeEpochs ?? freezeEpochs)
}

/** The most frozen epochs that a trial may have. */
export function mostFreezeEpochs({ freezeEpochs, space }: StudyPlan): number {
  const parameter = space.freezeEpochs
  if (parameter === undefined) return freezeEpochs
  const most = parameter.kind === 'categorical' ? Math.max(...parameter.choices.map(Number)) : parameter.high
  return parameter.when === undefined ? most : Math.max(most, freezeEpochs)
}

/** Epochs that a trial has trained, over all its folds. */
export function epochsSpent({ epochs }: Pick<DrivenTrial, 'epochs'>): number {
  return epochs.reduce((sum, n) => sum + n, 0)
}

/**
 * The study as samplers, pruners and importances see it. A trial that paused counts as pruned there, by how far it came and how well
 * it did, also while it goes on from there: only what has shown nothing yet is running. A step is an unfrozen epoch; each fold after
 * the first is one step of as many.
 */
export function studyOf({ plan, trials }: DrivenStudy): Study {
  const { name, seed, space, sampler, pruner, objectives, baseline } = plan
  const directions = objectives.map(({ direction }) => direction)
  const study = createStudy({ name, seed, space, sampler, pruner, directions, ...(baseline && { baseline }) })
  for (const trial of trials) study.trials.push(coreTrial(plan, trial))
  return study
}

function coreTrial(plan: StudyPlan, trial: DrivenTrial): Trial {
  const { number, parameters, results, values, reason } = trial
  const frozen = freezeEpochsOf(plan, parameters)
  const reports: Trial['reports'] = []
  for (const { epoch, value } of trial.reports) {
    if (epoch > frozen) reports.push({ step: epoch - frozen, value: value ?? Number.NaN })
  }
  const stages = plan.folds > 1 && results.length > 0 ? stagesOf(plan, bracketOfTrial(plan, number)) : []
  stages.forEach(({ fold, epochs }, stage) => {
    if (fold === 0 || stage >= results.length) return
    reports.push({ step: epochs * (fold + 1), value: meanResult(plan, trial, stage + 1)[0] ?? Number.NaN })
  })
  const state = coreState(trial)
  const last = reports.at(-1)
  const prunedValues = state === 'pruned' && last !== undefined && !Number.isNaN(last.value) ? [last.value] : null
  return {
    number,
    state,
    parameters,
    values: state === 'complete' ? values : prunedValues,
    reports: plan.objectives.length > 1 ? [] : reports,
    rungs: [],
    constraints: null,
    failure: state === 'failed' ? reason : null,
  }
}

function coreState({ state, results }: DrivenTrial): Trial['state'] {
  if (state === 'paused') return results.length > 0 ? 'pruned' : 'running'
  return state === 'running' && results.length > 0 ? 'pruned' : state
}

/** Each objective's mean over the folds that are done after `stages` stages. */
export function meanResult(plan: StudyPlan, trial: Pick<DrivenTrial, 'number' | 'results'>, stages: number): number[] {
  const byFold = new Map<number, readonly number[]>()
  stagesOf(plan, bracketOfTrial(plan, trial.number)).forEach(({ fold }, stage) => {
    if (stage < stages) byFold.set(fold, trial.results[stage] as number[])
  })
  return plan.objectives.map((_, k) => {
    let sum = 0
    for (const result of byFold.values()) sum += result[k] as number
    return sum / byFold.size
  })
}
