import { TuningError } from '../errors.ts'
import type { Parameters } from '../space.ts'
import { checkFixed } from '../study.ts'
import { type Budget, checkPlan } from './plan.ts'
import { bracketOfTrial, stagesOf } from './stages.ts'
import { addDrivenTrial, type DrivenState, type DrivenStudy, type DrivenTrial, meanResult } from './trial.ts'

/**
 * What happened in a study. A journal of these from its beginning is the study; a database keeps what they lead to. Numbers may be
 * null where they are not numbers, as JSON writes NaN.
 */
export type StudyEvent =
  /** By hand: parameters to try next, what they leave open drawn by the sampler. */
  | { kind: 'enqueued'; parameters: Parameters }
  /** A decision was followed. */
  | { kind: 'started'; number: number; parameters: Parameters }
  | { kind: 'continued'; number: number }
  /** An epoch ended: `epoch` of this fold are done, frozen ones included. `value` is the first objective's. */
  | { kind: 'reported'; number: number; fold: number; epoch: number; value: number | null }
  /** The trial has done what it was sent to do. One value for each objective. */
  | { kind: 'reached'; number: number; values: readonly (number | null)[] }
  /** It was stopped because it is not worth going on. */
  | { kind: 'pruned'; number: number; reason: string }
  /** Its own fault: the same parameters would fail again. */
  | { kind: 'failed'; number: number; reason: string }
  /** Its worker died or was stopped: it goes on from its checkpoint. */
  | { kind: 'lost'; number: number; reason: string; blameless?: boolean }
  /** More is allowed, or less. */
  | { kind: 'budgeted'; budget: Budget }
  /** The study is over: what is paused will not be wanted. */
  | { kind: 'closed' }

/** Notes what happened, in place. Throws TuningError where it cannot have. */
export function record(study: DrivenStudy, event: StudyEvent): void {
  switch (event.kind) {
    case 'enqueued':
      checkFixed(study.plan.space, event.parameters)
      addDrivenTrial(study, 'waiting', { ...event.parameters })
      return
    case 'started':
      startTrial(study, event.number, event.parameters)
      return
    case 'continued': {
      const trial = trialIn(study, event.number, ['paused'])
      if (trial.sent === trial.results.length) trial.sent++
      if (trial.sent > stagesOf(study.plan, bracketOfTrial(study.plan, trial.number)).length) {
        throw new TuningError(`Trial ${trial.number} has no stage left to go on to`)
      }
      trial.state = 'running'
      return
    }
    case 'reported':
      noteReport(trialIn(study, event.number, ['running']), event)
      return
    case 'reached':
      noteResult(study, trialIn(study, event.number, ['running']), event.values)
      return
    case 'pruned':
    case 'failed':
      end(trialIn(study, event.number, ['running', 'paused']), event.kind, event.reason)
      return
    case 'lost': {
      const trial = trialIn(study, event.number, ['running'])
      if (!event.blameless) trial.lost++
      if (trial.lost > study.plan.retries) end(trial, 'failed', `lost ${trial.lost} times, at last: ${event.reason}`)
      else trial.state = 'paused'
      return
    }
    case 'budgeted': {
      const plan = { ...study.plan, budget: event.budget }
      checkPlan(plan)
      study.plan = plan
      return
    }
    case 'closed':
      for (const trial of study.trials) {
        if (trial.state === 'running') throw new TuningError(`Trial ${trial.number} runs: the study cannot be closed`)
        if (trial.state === 'paused') end(trial, 'pruned', 'the study ended')
      }
      return
    default:
      throw new TuningError(`There is no event ${(event as StudyEvent).kind} of a study`)
  }
}

/** Starts the waiting trial `number`, or the next new one. */
export function startTrial(study: DrivenStudy, number: number, parameters: Parameters): DrivenTrial {
  if (number > study.trials.length) {
    throw new TuningError(`Trial ${number} cannot start: the next one is ${study.trials.length}`)
  }
  const trial =
    number === study.trials.length ? addDrivenTrial(study, 'waiting', {}) : trialIn(study, number, ['waiting'])
  return Object.assign(trial, { state: 'running', parameters, sent: 1 } as const)
}

/** Once for each epoch, in any order: a trial that went on from a checkpoint may repeat one, or tell later of one that was lost. */
function noteReport(trial: DrivenTrial, { fold, epoch, value }: { fold: number; epoch: number; value: number | null }) {
  while (trial.epochs.length <= fold) trial.epochs.push(0)
  trial.epochs[fold] = Math.max(epoch, trial.epochs[fold] as number)
  if (fold > 0 || trial.reports.some((report) => report.epoch === epoch)) return
  trial.reports.push({ epoch, value: value === null || Number.isNaN(value) ? null : value })
  trial.reports.sort((a, b) => a.epoch - b.epoch)
}

function noteResult(study: DrivenStudy, trial: DrivenTrial, values: readonly (number | null)[]): void {
  const { plan } = study
  if (values.length !== plan.objectives.length) {
    throw new TuningError(
      `Trial ${trial.number} reached ${values.length} values: the study has ${plan.objectives.length} objectives`,
    )
  }
  const nan = values.findIndex((value) => value === null || Number.isNaN(value))
  if (nan >= 0) {
    end(trial, 'failed', `its ${plan.objectives[nan]?.metric} is not a number`)
    return
  }
  trial.results.push([...(values as number[])])
  const stages = stagesOf(plan, bracketOfTrial(plan, trial.number)).length
  if (trial.results.length < stages) {
    trial.state = 'paused'
    return
  }
  trial.values = meanResult(plan, trial, stages)
  trial.state = 'complete'
}

function end(trial: DrivenTrial, state: 'pruned' | 'failed', reason: string): void {
  trial.state = state
  trial.reason = reason
}

function trialIn({ trials }: DrivenStudy, number: number, states: readonly DrivenState[]): DrivenTrial {
  const trial = trials[number]
  if (trial === undefined) throw new TuningError(`There is no trial ${number}: the study has ${trials.length}`)
  if (!states.includes(trial.state)) {
    throw new TuningError(`Trial ${number} is ${trial.state}: this happens only to one that is ${states.join(' or ')}`)
  }
  return trial
}
