/** The short jobs: what each is asked with, what its handler needs for that, and where its result goes. */
import type { Artifacts } from '../artifacts/artifacts.ts'
import type { Database } from '../db/database.ts'
import { type EvaluateInput, evaluateKind } from '../modules/evaluations/evaluate.job.ts'
import { type ExplainInput, explainKind } from '../modules/explanations/explain.job.ts'
import type { JobKindName } from '../modules/jobs/jobs.table.ts'
import { type PredictInput, predictKind } from '../modules/predictions/predict.job.ts'
import { type FindRateInput, findRateKind } from '../modules/studies/find-rate.job.ts'
import type { ShortJobs } from './contracts.ts'

export interface JobKind<Input, Job, Result> {
  /** What the handler is given, read when the job starts. What it throws, the job FAILED of. */
  prepare(at: WorkPlace, input: Input): Promise<Job>
  /** Puts the result down, in the transaction in which the job ends. */
  store(tx: Database, ended: Ended<Input, Job, Result>): Promise<void>
}

/** What a worker has at hand. */
export interface WorkPlace {
  db: Database
  artifacts: Artifacts
}

/** A job that has come to its end: what was asked, what was given to the handler, and what it answered. */
export interface Ended<Input, Job, Result> {
  jobId: number
  input: Input
  job: Job
  result: Result
}

/** What is kept of each kind in its row. */
export interface JobInputs {
  evaluate: EvaluateInput
  predict: PredictInput
  explain: ExplainInput
  findRate: FindRateInput
}

export const kinds: {
  [Name in JobKindName]: JobKind<JobInputs[Name], ShortJobs[Name]['job'], ShortJobs[Name]['result']>
} = { evaluate: evaluateKind, predict: predictKind, explain: explainKind, findRate: findRateKind }
