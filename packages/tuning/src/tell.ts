import { TuningError } from './errors.ts'
import { lastReport, type Study, type Trial, trialOf } from './study.ts'

/** How a trial ended. */
export interface Outcome {
  /** One number for each objective; a lone objective may be given without a list. */
  values?: number | readonly number[]
  /** Left out: complete if the values will do, failed if they will not. */
  state?: 'complete' | 'pruned' | 'failed'
  /** How much each constraint is violated: feasible where none is above 0. */
  constraints?: readonly number[]
  /** Why it failed, for people. */
  failure?: string
  /** Leave a finished trial as it is instead of throwing: for a worker that may have been given up for dead. */
  skipIfFinished?: boolean
}

/**
 * Ends a running trial by Optuna's rules. A finished trial cannot be told again. Without a state, values that are NaN or too
 * few make it failed; with the state complete they are refused. A pruned trial keeps its last report as its value.
 */
export function tell(study: Study, number: number, outcome: Outcome): Trial {
  const trial = trialOf(study, number)
  if (trial.state !== 'running') {
    const finished = trial.state !== 'waiting'
    if (finished && outcome.skipIfFinished) return trial
    throw new TuningError(
      finished
        ? `Trial ${number} is ${trial.state} already: a finished trial cannot be told again`
        : `Trial ${number} is waiting: ask for it before its outcome is told`,
    )
  }
  const values = typeof outcome.values === 'number' ? [outcome.values] : (outcome.values ?? null)
  const fault = faultOf(values, study.directions.length)
  if (outcome.state === 'complete' && fault !== null)
    throw new TuningError(`Trial ${number} cannot be complete: ${fault}`)
  if ((outcome.state === 'pruned' || outcome.state === 'failed') && values !== null) {
    throw new TuningError(`Trial ${number} is told as ${outcome.state}: leave out its values`)
  }
  const constraints = outcome.constraints?.slice() ?? null
  if (constraints?.some(Number.isNaN)) throw new TuningError(`Trial ${number} has a constraint that is NaN`)

  trial.constraints = constraints
  trial.state = outcome.state ?? (fault === null ? 'complete' : 'failed')
  if (trial.state === 'complete') trial.values = [...(values as readonly number[])]
  if (trial.state === 'failed') trial.failure = outcome.failure ?? (outcome.state === undefined ? fault : null)
  if (trial.state === 'pruned') {
    const last = lastReport(trial)
    if (last !== null && !Number.isNaN(last.value)) trial.values = [last.value]
  }
  return trial
}

function faultOf(values: readonly number[] | null, objectives: number): string | null {
  if (values === null) return 'no values were told'
  if (values.some((value) => typeof value !== 'number' || Number.isNaN(value))) return 'a value is not a number'
  if (values.length !== objectives) return `${values.length} values were told for ${objectives} objectives`
  return null
}

/** Notes the value of a running trial at `step`. A second report of a step is ignored, so that a resumed trial may repeat itself. */
export function report(study: Study, number: number, step: number, value: number): void {
  const trial = trialOf(study, number)
  if (study.directions.length > 1) {
    throw new TuningError(`A study of ${study.directions.length} objectives takes no reports: it cannot prune`)
  }
  if (trial.state !== 'running')
    throw new TuningError(`Trial ${number} is ${trial.state}: only a running trial reports`)
  if (!Number.isInteger(step) || step < 0) {
    throw new TuningError(`Trial ${number} reports step ${step}: a step is an integer from 0`)
  }
  if (trial.reports.some((earlier) => earlier.step === step)) return
  trial.reports.push({ step, value })
}

/** Lets a pruned trial run on from where it stopped: its reports and rungs stay. */
export function resume(study: Study, number: number): Trial {
  const trial = trialOf(study, number)
  if (trial.state !== 'pruned')
    throw new TuningError(`Trial ${number} is ${trial.state}: only a pruned trial can go on`)
  trial.state = 'running'
  trial.values = null
  return trial
}
