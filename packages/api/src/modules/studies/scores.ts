/** How sure a score is: on so many images, how much of it may be chance. */
import { type ClassificationReport, meanInterval, scoreInterval } from '@sporeprint/metrics'
import type { Objective } from '@sporeprint/tuning'

export interface ScoreInterval {
  low: number
  high: number
  /** Images. */
  n: number
}

/** The 95 % interval of a trial's score over the images that it was validated on, on one fold or more; null for a loss. */
export function intervalOf(
  { metric }: Objective,
  value: number,
  folds: readonly ClassificationReport[],
): ScoreInterval | null {
  const spread = meanInterval(
    value,
    folds.map((report) => scoreInterval(report, metric)),
  )
  return spread && { low: spread.low, high: spread.high, n: folds.reduce((sum, report) => sum + report.n, 0) }
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
