/** The best trial of a study beside the settings with which it began. */
import type { StudyState } from './documents.types.ts'
import { formatDuration } from './format.ts'
import { formatObjective } from './study-names.ts'

export interface Comparison {
  /** Best less baseline, so that its sign is + where high is good and − where low is; null while the baseline itself is the best. */
  gain: string | null
  /** The baseline's own value. */
  baseline: string
  /** Whether the baseline lies in the interval of the best; null where there is none. */
  withinNoise: boolean | null
}

/** What the search has gained; null before the baseline and another trial are complete, and where several objectives have no one best. */
export function compareWithBaseline(
  study: Pick<StudyState, 'objectives' | 'best' | 'baseline' | 'bestInterval' | 'counts'>,
): Comparison | null {
  const { objectives, best, baseline, bestInterval, counts } = study
  const [objective] = objectives
  const [value, before] = [best?.values?.[0], baselineValue(study)]
  if (!objective || objectives.length > 1 || counts.complete < 2 || value === undefined || before === null) return null
  const formatted = formatObjective(objective.metric, before)
  if (best?.number === baseline?.number) return { gain: null, baseline: formatted, withinNoise: null }
  return {
    gain: formatGain(objective.metric, value - before),
    baseline: formatted,
    withinNoise: bestInterval && before >= bestInterval.low && before <= bestInterval.high,
  }
}

/** Of the first objective; null until the baseline is complete. */
export const baselineValue = ({ baseline }: Pick<StudyState, 'baseline'>): number | null =>
  (baseline?.state === 'complete' ? baseline.values?.[0] : undefined) ?? null

/** A difference in the objective's own digits, always with its sign: +0.021, −0.0120, +2.1 points. */
function formatGain(metric: StudyState['objectives'][number]['metric'], difference: number): string {
  const size = Math.abs(difference)
  const sign = difference < 0 ? '−' : '+'
  if (metric === 'accuracy') return `${sign}${(100 * size).toFixed(1)} points`
  return `${sign}${metric === 'seconds' ? formatDuration(size) : formatObjective(metric, size)}`
}
