import { lossSign, type Study, type Trial } from '../study.ts'
import { bestLoss } from './interval.ts'
import type { Pruner } from './pruner.ts'

/** Asks another pruner only about a trial that has not improved for `patience` reports; without one, prunes it there. */
export interface PatientPruner {
  kind: 'patient'
  patience: number
  /** What counts as improvement is at least this much; default 0. */
  minDelta?: number
  wrapped: Pruner | null
}

/** Whether patience has run out. Comparisons with NaN are false: a trial of nothing but NaN before or after goes on. */
export function prunedByPatience({ patience, minDelta = 0 }: PatientPruner, study: Study, trial: Trial): boolean {
  if (trial.reports.length <= patience + 1) return false
  const byStep = trial.reports.toSorted((a, b) => a.step - b.step)
  const sign = lossSign(study.directions[0])
  const before = bestLoss(byStep.slice(0, -patience - 1), sign)
  const after = bestLoss(byStep.slice(-patience - 1), sign)
  return before + minDelta < after
}
