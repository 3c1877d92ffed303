/** The short jobs: what each is asked with, what its handler needs for that, and where its result goes. */
import type { Database } from '../db/database.ts'
import { type EvaluateInput, evaluateKind } from '../modules/evaluations/evaluate.job.ts'
import type { JobKindName } from '../modules/jobs/jobs.table.ts'
import type { ShortJobs } from './contracts.ts'

export interface JobKind<Input, Job, Result> {
  /** What the handler is given, read when the job starts. What it throws, the job FAILED of. */
  prepare(db: Database, input: Input): Promise<Job>
  /** Puts the result down, in the transaction in which the job ends. */
  store(tx: Database, input: Input, job: Job, result: Result): Promise<void>
}

/** What is kept of each kind in its row. */
export interface JobInputs {
  evaluate: EvaluateInput
}

export const kinds: {
  [Name in JobKindName]: JobKind<JobInputs[Name], ShortJobs[Name]['job'], ShortJobs[Name]['result']>
} = { evaluate: evaluateKind }
