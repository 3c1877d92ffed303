/** How sure the value of a trial is, given how many images it was measured on. */
import {
  accuracy,
  averageScores,
  bootstrapConfusion,
  type ClassificationReport,
  type ConfusionMatrix,
  classCounts,
} from '@sporeprint/metrics'
import type { Objective } from '@sporeprint/tuning'
import type { Spread } from './journal.ts'
import type { MetricName } from './request.ts'

const statistics: Readonly<Partial<Record<MetricName, (confusion: ConfusionMatrix) => number>>> = {
  accuracy,
  f1Micro: accuracy,
  f1Weighted: (confusion) => averageScores(classCounts(confusion), 'weighted').f1,
  f1Macro: (confusion) => averageScores(classCounts(confusion), 'macro').f1,
}

/** The 95 % bootstrap interval of each objective, over the images of a report; null for losses, which no confusion tells. */
export function intervalsOf(report: ClassificationReport, objectives: readonly Objective[]): (Spread | null)[] {
  return objectives.map(({ metric }) => {
    const statistic = statistics[metric as MetricName]
    if (statistic === undefined) return null
    const { low, high, standardError } = bootstrapConfusion(report.confusion, { statistic }).statistic
    return { low, high, standardError }
  })
}

/** That of the mean over folds, whose images are others: by the normal distribution. */
export function meanInterval(value: number, folds: readonly (Spread | null)[]): Spread | null {
  const [first] = folds
  if (first === undefined || folds.includes(null)) return null
  if (folds.length === 1) return first
  const squares = folds.reduce((sum, spread) => sum + (spread as Spread).standardError ** 2, 0)
  const standardError = Math.sqrt(squares) / folds.length
  return { low: value - 1.96 * standardError, high: value + 1.96 * standardError, standardError }
}
