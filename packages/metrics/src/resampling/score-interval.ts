/** How sure the scores of a report are: how much of them may be chance, on so many images. */
import { balancedAccuracyOf, cohenKappaOf, matthewsOf } from '../counts/agreement.ts'
import { accuracyOf, type ClassCounts, type ConfusionMatrix } from '../counts/confusion.ts'
import { type Average, averageScores } from '../counts/scores.ts'
import type { ScoreName } from '../evaluation.ts'
import { bootstrapCounts, type CountStatistics } from './bootstrap-confusion.ts'
import type { Interval } from './interval.ts'
import { normalQuantile } from './normal.ts'

const f1 = (average: Average) => (counts: readonly ClassCounts[]) => averageScores(counts, average).f1

export const scoreStatistics: CountStatistics<ScoreName> = {
  accuracy: accuracyOf,
  balancedAccuracy: balancedAccuracyOf,
  f1Weighted: f1('weighted'),
  f1Micro: f1('micro'),
  f1Macro: f1('macro'),
  cohenKappa: cohenKappaOf,
  matthews: matthewsOf,
}

const isScore = (name: string): name is ScoreName => Object.hasOwn(scoreStatistics, name)

/** An interval without the value that it is of. */
export type Spread = Pick<Interval, 'low' | 'high' | 'standardError'>

/** The 95 % interval of a score by the bootstrap over the images of a report; null for what no confusion tells, such as a loss. */
export function scoreInterval({ confusion }: { confusion: ConfusionMatrix }, score: string): Spread | null {
  if (!isScore(score)) return null
  const { low, high, standardError } = bootstrapCounts(confusion, { score: scoreStatistics[score] }).score
  return { low, high, standardError }
}

/** That of the mean over folds, whose images are others: by the normal distribution. `value` is the mean. Null where one is. */
export function meanInterval(value: number, folds: readonly (Spread | null)[]): Spread | null {
  const spreads = folds.filter((fold) => fold !== null)
  const [first] = spreads
  if (first === undefined || spreads.length < folds.length) return null
  if (spreads.length === 1) return first
  const standardError = Math.hypot(...spreads.map((spread) => spread.standardError)) / spreads.length
  const margin = normalQuantile(0.975) * standardError
  return { low: value - margin, high: value + margin, standardError }
}
