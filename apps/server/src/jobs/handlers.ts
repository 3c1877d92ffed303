import type { Handlers } from '@sporeprint/api'
import { evaluateJob } from './evaluate-job.ts'
import { explainJob } from './explain-job.ts'
import { findRateJob } from './find-rate-job.ts'
import { predictJob } from './predict-job.ts'
import { trainJob } from './train-job.ts'

/** All that a worker of this machine can do. */
export const handlers: Handlers = {
  train: trainJob,
  evaluate: evaluateJob,
  predict: predictJob,
  explain: explainJob,
  findRate: findRateJob,
}
