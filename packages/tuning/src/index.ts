export { ask } from './ask.ts'
export { bestTrial, paretoFront } from './best.ts'
export { type Decision, decide, type OverReason, type Work, workOf } from './driver/decide.ts'
export { type OneRung, trialsAtOneRung } from './driver/one-rung.ts'
export {
  type Budget,
  createPlan,
  type Objective,
  type PlanOptions,
  pausesAtRungs,
  type StudyPlan,
} from './driver/plan.ts'
export { record, type StudyEvent } from './driver/record.ts'
export { bracketOfTrial, rungsOf, type Stage, stagesOf } from './driver/stages.ts'
export {
  type DrivenState,
  type DrivenStudy,
  type DrivenTrial,
  epochsSpent,
  freezeEpochsOf,
  studyOf,
} from './driver/trial.ts'
export { type Edge, type EdgeOptions, edges } from './edges.ts'
export { TuningError } from './errors.ts'
export { trialsCsv } from './export/csv.ts'
export { type OptunaStudy, type OptunaTrial, optunaStudy } from './export/optuna.ts'
export { type FanovaOptions, fanova } from './importance/fanova.ts'
export { type Importance, pedAnova } from './importance/ped-anova.ts'
export { dominates, hypervolume, nondominationRanks } from './pareto.ts'
export { type Pruner, shouldPrune } from './pruners/pruner.ts'
export { resumableTrial } from './pruners/successive-halving.ts'
export { baselineOf } from './samplers/baseline.ts'
export type { Sampler } from './samplers/sampler.ts'
export type {
  CategoricalParameter,
  FloatParameter,
  IntParameter,
  Parameter,
  Parameters,
  Space,
  Value,
} from './space.ts'
export { checkSpace, narrowed } from './space.ts'
export { readStudy, writeStudy } from './state.ts'
export {
  createStudy,
  type Direction,
  enqueue,
  type Report,
  type Study,
  type StudyOptions,
  type Trial,
  type TrialState,
} from './study.ts'
export { type Outcome, report, resume, tell } from './tell.ts'
