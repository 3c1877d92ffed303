import { lastReport, type Report, type Trial } from '../study.ts'

/** When a pruner looks: from `warmupSteps` on, once in each stretch of `intervalSteps`. */
export interface Interval {
  /** Default 0. */
  warmupSteps?: number
  /** Default 1. */
  intervalSteps?: number
}

/** The report to decide on, or null where it is not time: too early, or looked at in this stretch before. */
export function reportDue({ warmupSteps = 0, intervalSteps = 1 }: Interval, trial: Trial): Report | null {
  const last = lastReport(trial)
  if (last === null || last.step < warmupSteps) return null
  const stretch = Math.floor((last.step - warmupSteps) / intervalSteps) * intervalSteps + warmupSteps
  return trial.reports.some(({ step }) => step !== last.step && step >= stretch) ? null : last
}

/** The best loss of `reports`, NaN left out; NaN where all are. */
export function bestLoss(reports: readonly Report[], sign: 1 | -1): number {
  let best = Number.NaN
  for (const { value } of reports) if (!(best <= sign * value) && !Number.isNaN(value)) best = sign * value
  return best
}
