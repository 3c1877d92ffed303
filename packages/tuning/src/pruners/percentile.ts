import { lossSign, type Study, type Trial } from '../study.ts'
import { bestLoss, type Interval, reportDue } from './interval.ts'

/** Prunes a trial whose best report so far is worse than the percentile of what complete trials reported at its step. */
export interface PercentilePruner extends Interval, PercentileOptions {
  kind: 'percentile'
  /** 25 keeps the best quarter. */
  percentile: number
}

/** The percentile pruner at 50. */
export interface MedianPruner extends Interval, PercentileOptions {
  kind: 'median'
}

interface PercentileOptions {
  /** Prunes only once so many trials are complete; default 5. */
  startupTrials?: number
  /** Prunes only where so many complete trials reported at the step; default 1. */
  minTrials?: number
}

export function prunedByPercentile(
  pruner: Interval & PercentileOptions & { percentile: number },
  study: Study,
  trial: Trial,
): boolean {
  const { startupTrials = 5, minTrials = 1, percentile } = pruner
  const complete = study.trials.filter(({ state }) => state === 'complete')
  if (complete.length === 0 || complete.length < startupTrials) return false
  const due = reportDue(pruner, trial)
  if (due === null) return false
  const sign = lossSign(study.directions[0])
  const best = bestLoss(trial.reports, sign)
  if (Number.isNaN(best)) return true
  const peers = complete.flatMap(({ reports }) => reports.filter(({ step }) => step === due.step))
  if (peers.length < minTrials) return false
  // The percentile of values, not of losses: interpolation rounds alike only in the same order.
  const limit = nanPercentile(
    peers.map(({ value }) => value),
    sign === 1 ? percentile : 100 - percentile,
  )
  return best > sign * limit
}

/** numpy's nanpercentile, linear between neighbours; NaN of nothing. */
function nanPercentile(values: readonly number[], percentile: number): number {
  const sorted = Float64Array.from(values.filter((value) => !Number.isNaN(value))).sort()
  if (sorted.length === 0) return Number.NaN
  const position = (percentile / 100) * (sorted.length - 1)
  const index = Math.min(Math.floor(position), sorted.length - 1)
  const low = sorted[index] as number
  const high = sorted[Math.min(index + 1, sorted.length - 1)] as number
  const share = position - index
  // From the nearer end, as numpy interpolates.
  return share >= 0.5 ? high - (high - low) * (1 - share) : low + (high - low) * share
}
