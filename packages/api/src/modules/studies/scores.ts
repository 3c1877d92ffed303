/** How sure a score is: on so many images, how much of it may be chance. */
import {
  accuracy,
  averageScores,
  bootstrapConfusion,
  type ClassificationReport,
  type ConfusionMatrix,
  classCounts,
} from '@sporeprint/metrics'
import type { Objective } from '@sporeprint/tuning'

export interface ScoreInterval {
  low: number
  high: number
  /** Images. */
  n: number
}

const statistics: Readonly<Record<string, (confusion: ConfusionMatrix) => number>> = {
  accuracy,
  f1Micro: accuracy,
  f1Weighted: (confusion) => averageScores(classCounts(confusion), 'weighted').f1,
  f1Macro: (confusion) => averageScores(classCounts(confusion), 'macro').f1,
}

/**
 * The 95 % interval of a trial's score, by the bootstrap over the images that it was validated on; of a mean over folds, whose images
 * are others, by the normal distribution. Null for what no confusion tells, such as a loss.
 */
export function scoreInterval(
  { metric }: Objective,
  value: number,
  folds: readonly ClassificationReport[],
): ScoreInterval | null {
  const statistic = statistics[metric]
  if (statistic === undefined || folds.length === 0) return null
  const spreads = folds.map(({ confusion }) => bootstrapConfusion(confusion, { statistic }).statistic)
  const n = folds.reduce((sum, report) => sum + report.n, 0)
  const [first] = spreads
  if (first && spreads.length === 1) return { low: first.low, high: first.high, n }
  const standardError = Math.sqrt(spreads.reduce((sum, spread) => sum + spread.standardError ** 2, 0)) / spreads.length
  return { low: value - 1.96 * standardError, high: value + 1.96 * standardError, n }
}

/** What several trainings of the same configuration came to. */
export interface FinalScore {
  mean: number
  /** Standard deviation over seeds; null of one. */
  deviation: number | null
  split: 'test' | 'valid'
  /** Images. */
  n: number
  seeds: number
}

/** Of reports that all are of one split. */
export function finalScore(
  { metric }: Objective,
  split: FinalScore['split'],
  reports: readonly ClassificationReport[],
): FinalScore | null {
  const [first] = reports
  const values = reports.map((report) => metricOf(report, metric)).filter((value) => value !== null)
  if (!first || values.length === 0) return null
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const deviation = values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : null
  return { mean, deviation, split, n: first.n, seeds: values.length }
}

function metricOf(report: ClassificationReport, metric: string): number | null {
  switch (metric) {
    case 'validLoss':
      return report.loss
    case 'accuracy':
    case 'f1Weighted':
    case 'f1Micro':
    case 'f1Macro':
      return report[metric]
    default:
      return null
  }
}
