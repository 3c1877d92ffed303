import { join } from 'node:path'
import type { TrainSpec } from '@sporeprint/engine'
import { type DrivenTrial, freezeEpochsOf, pausesAtRungs, rungsOf, type StudyPlan, type Work } from '@sporeprint/tuning'
import type { StudyRequest } from './request.ts'
import { withParameters } from './space.ts'

/** Folder of a trial; its other folds have folders of their own within. */
export function trialFolder(dir: string, number: number, fold = 0): string {
  const folder = join(dir, 'trials', String(number).padStart(4, '0'))
  return fold === 0 ? folder : join(folder, `fold-${fold}`)
}

/** The run that `work` asks of a trial: the same one at every rung, which goes on from its checkpoint if it has one. */
export function trialSpec(
  { base, sizes, restarts, folds }: StudyRequest,
  plan: StudyPlan,
  { parameters }: Pick<DrivenTrial, 'parameters'>,
  { number, fold, until }: Work,
): TrainSpec {
  const frozen = freezeEpochsOf(plan, parameters)
  const rungs = pausesAtRungs(plan) ? rungsOf(plan).slice(0, -1) : []
  const ends = rungs.map((rung) => frozen + rung)
  return {
    ...withParameters(base, parameters),
    restarts: restarts ? rungs : [],
    progressive: sizes.map((size, k) => ({ size, epochs: (ends[k] as number) - (ends[k - 1] ?? 0) })),
    folds: folds > 1 ? folds : null,
    fold,
    until,
    out: trialFolder(base.out as string, number, fold),
    resume: true,
  }
}

/** The winner as a run of its own: one schedule at full size, another seed, and the test split at its end. */
export function finalSpec({ base, folds }: StudyRequest, trial: DrivenTrial, seed: number): TrainSpec {
  return {
    ...withParameters(base, trial.parameters),
    seed,
    folds: folds > 1 ? folds : null,
    fold: 0,
    out: join(base.out as string, 'final', `trial-${trial.number}-seed-${seed}`),
    resume: true,
  }
}
