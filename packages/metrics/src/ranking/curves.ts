/** Curves over the threshold, from the one that accepts nothing (Infinity) to the one that accepts everything. */
import type { ClassCounts } from '../counts/confusion.ts'
import { MetricsInputError } from '../errors.ts'
import type { Outcomes } from '../rows/outcomes.ts'
import { type Ranked, rank, totals } from './ranked.ts'

export interface RocCurve {
  thresholds: Float64Array
  /** False positives / negatives; NaN where there are none. */
  falsePositiveRate: Float64Array
  /** True positives / positives; NaN where there are none. */
  truePositiveRate: Float64Array
}

/** Receiver operating characteristic, begun at (0, 0). */
export function rocCurve(ranked: Ranked): RocCurve {
  const { positives, negatives } = totals(ranked)
  return {
    thresholds: startingWith(Infinity, ranked.thresholds),
    falsePositiveRate: startingWith(0, ranked.falsePositives).map((fp) => fp / negatives),
    truePositiveRate: startingWith(0, ranked.truePositives).map((tp) => tp / positives),
  }
}

export interface PrecisionRecallCurve {
  thresholds: Float64Array
  precision: Float64Array
  recall: Float64Array
}

/**
 * Precision and recall, begun at recall 0 and precision 1: scikit-learn's precision_recall_curve the other way round. Without
 * positives recall is 1 once anything is accepted, as there.
 */
export function precisionRecallCurve(ranked: Ranked): PrecisionRecallCurve {
  const { positives } = totals(ranked)
  return {
    thresholds: startingWith(Infinity, ranked.thresholds),
    precision: startingWith(
      1,
      ranked.truePositives.map((tp, i) => tp / (tp + (ranked.falsePositives[i] as number))),
    ),
    recall: startingWith(
      0,
      ranked.truePositives.map((tp) => (positives === 0 ? 1 : tp / positives)),
    ),
  }
}

export interface ThresholdCurve {
  thresholds: Float64Array
  values: Float64Array
}

/** Any score of counts at each threshold: `thresholdCurve(ranked, (counts) => fBeta(counts, 2))`. */
export function thresholdCurve(ranked: Ranked, score: (counts: ClassCounts) => number): ThresholdCurve {
  const { positives } = totals(ranked)
  const values = ranked.truePositives.map((truePositives, i) =>
    score({ truePositives, predicted: truePositives + (ranked.falsePositives[i] as number), actual: positives }),
  )
  return { thresholds: ranked.thresholds.slice(), values }
}

/** The threshold with the highest value, the highest of equals: accept scores of at least that. Throws for an empty curve. */
export function bestThreshold({ thresholds, values }: ThresholdCurve): { threshold: number; value: number } {
  let best = -1
  for (let i = 0; i < values.length; i++) {
    if (best < 0 ? !Number.isNaN(values[i]) : (values[i] as number) > (values[best] as number)) best = i
  }
  if (best < 0) throw new MetricsInputError('the curve has no value: no sample, or NaN at every threshold')
  return { threshold: thresholds[best] as number, value: values[best] as number }
}

export interface CoverageCurve {
  /** Predict only where the confidence is at least this. */
  thresholds: Float64Array
  /** Share of samples predicted at all. */
  coverage: Float64Array
  /** Share of those that is wrong. */
  risk: Float64Array
  /** Mean risk over coverage, each sample a step (Geifman and El-Yaniv 2017); NaN of no samples. */
  area: number
}

/** What a model that may abstain gains: risk against coverage as it answers only where it is sure enough. */
export function coverageCurve(seen: Pick<Outcomes, 'label' | 'predicted' | 'confidence'>): CoverageCurve {
  const right = Array.from(seen.label, (label, i) => label === seen.predicted[i])
  const { thresholds, truePositives, falsePositives } = rank(right, seen.confidence)
  const n = right.length
  const coverage = truePositives.map((tp, i) => (tp + (falsePositives[i] as number)) / n)
  const risk = falsePositives.map((fp, i) => fp / (fp + (truePositives[i] as number)))
  let area = n === 0 ? Number.NaN : 0
  for (let i = 0; i < risk.length; i++) {
    area += (risk[i] as number) * ((coverage[i] as number) - (coverage[i - 1] ?? 0))
  }
  return { thresholds, coverage, risk, area }
}

function startingWith(first: number, values: Float64Array): Float64Array {
  const all = new Float64Array(values.length + 1)
  all[0] = first
  all.set(values, 1)
  return all
}
