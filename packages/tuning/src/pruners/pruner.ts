import { TuningError } from '../errors.ts'
import { type Study, trialOf } from '../study.ts'
import { type HyperbandPruner, prunedByHyperband } from './hyperband.ts'
import { type PatientPruner, prunedByPatience } from './patient.ts'
import { type MedianPruner, type PercentilePruner, prunedByPercentile } from './percentile.ts'
import { prunedByHalving, type SuccessiveHalvingPruner } from './successive-halving.ts'
import { prunedByThreshold, type ThresholdPruner } from './threshold.ts'

/** Which running trials are not worth going on with: settings only, as plain data. */
export type Pruner =
  | { kind: 'none' }
  | MedianPruner
  | PercentilePruner
  | SuccessiveHalvingPruner
  | HyperbandPruner
  | PatientPruner
  | ThresholdPruner

/**
 * Whether trial `number` should stop now; asked after each report. Decisions are those of Optuna 3.1. Whether it does stop is
 * the caller's: a trial that does is told as pruned.
 */
export function shouldPrune(study: Study, number: number): boolean {
  const trial = trialOf(study, number)
  if (trial.state !== 'running') {
    throw new TuningError(`Trial ${number} is ${trial.state}: only a running trial can be pruned`)
  }
  return decide(study.pruner, study, number)
}

function decide(pruner: Pruner, study: Study, number: number): boolean {
  const trial = trialOf(study, number)
  switch (pruner.kind) {
    case 'none':
      return false
    case 'median':
      return prunedByPercentile({ ...pruner, percentile: 50 }, study, trial)
    case 'percentile':
      return prunedByPercentile(pruner, study, trial)
    case 'successiveHalving':
      return prunedByHalving(pruner, study, study.trials, trial)
    case 'hyperband':
      return prunedByHyperband(pruner, study, trial)
    case 'patient':
      return (
        prunedByPatience(pruner, study, trial) && (pruner.wrapped === null || decide(pruner.wrapped, study, number))
      )
    case 'threshold':
      return prunedByThreshold(pruner, trial)
  }
}

/** Throws where a setting is out of its range. */
export function checkPruner(pruner: Pruner): void {
  switch (pruner.kind) {
    case 'none':
      return
    case 'percentile':
      checkNumber('percentile', pruner.percentile, 0, 100)
      checkIntervals(pruner)
      return
    case 'median':
      checkIntervals(pruner)
      return
    case 'threshold':
      if (pruner.lower === undefined && pruner.upper === undefined) {
        throw new TuningError('A threshold needs lower or upper')
      }
      if ((pruner.lower ?? -Infinity) > (pruner.upper ?? Infinity)) {
        throw new TuningError(`The threshold's lower ${pruner.lower} is above its upper ${pruner.upper}`)
      }
      checkIntervals(pruner)
      return
    case 'patient':
      checkInteger('patience', pruner.patience, 0)
      checkNumber('minDelta', pruner.minDelta ?? 0, 0, Infinity)
      if (pruner.wrapped !== null) checkPruner(pruner.wrapped)
      return
    case 'successiveHalving':
      checkInteger('minEarlyStoppingRate', pruner.minEarlyStoppingRate ?? 0, 0)
      if (pruner.minResource !== undefined) checkInteger('minResource', pruner.minResource, 1)
      checkHalving(pruner, pruner.minResource)
      return
    case 'hyperband':
      checkInteger('minResource', pruner.minResource ?? 1, 1)
      if (pruner.maxResource !== undefined) checkInteger('maxResource', pruner.maxResource, pruner.minResource ?? 1)
      checkHalving(pruner, pruner.maxResource)
      return
    default:
      throw new TuningError(`There is no pruner ${(pruner as Pruner).kind}`)
  }
}

function checkIntervals(pruner: {
  startupTrials?: number
  warmupSteps?: number
  intervalSteps?: number
  minTrials?: number
}) {
  checkInteger('startupTrials', pruner.startupTrials ?? 0, 0)
  checkInteger('warmupSteps', pruner.warmupSteps ?? 0, 0)
  checkInteger('intervalSteps', pruner.intervalSteps ?? 1, 1)
  checkInteger('minTrials', pruner.minTrials ?? 1, 1)
}

/** `resource` is the one that may be learned: how many must wait for it is only known once it is. */
function checkHalving(
  pruner: { reductionFactor?: number; bootstrapCount?: number },
  resource: number | undefined,
): void {
  checkInteger('reductionFactor', pruner.reductionFactor ?? 2, 2)
  checkInteger('bootstrapCount', pruner.bootstrapCount ?? 0, 0)
  if ((pruner.bootstrapCount ?? 0) > 0 && resource === undefined) {
    throw new TuningError('bootstrapCount needs a given resource: set minResource (Hyperband: maxResource)')
  }
}

function checkInteger(name: string, value: number, low: number): void {
  if (!Number.isInteger(value) || value < low) {
    throw new TuningError(`The pruner's ${name} is ${value}: it must be an integer from ${low}`)
  }
}

function checkNumber(name: string, value: number, low: number, high: number): void {
  if (!(value >= low && value <= high)) {
    throw new TuningError(`The pruner's ${name} is ${value}: it must be from ${low} to ${high}`)
  }
}
