import type { Trial } from '../study.ts'
import { type Interval, reportDue } from './interval.ts'

/** Prunes a trial whose latest report is below `lower`, above `upper` or NaN. */
export interface ThresholdPruner extends Interval {
  kind: 'threshold'
  lower?: number
  upper?: number
}

export function prunedByThreshold(pruner: ThresholdPruner, trial: Trial): boolean {
  const due = reportDue(pruner, trial)
  if (due === null) return false
  return Number.isNaN(due.value) || due.value < (pruner.lower ?? -Infinity) || due.value > (pruner.upper ?? Infinity)
}
