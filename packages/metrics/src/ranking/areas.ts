import { type Ranked, totals } from './ranked.ts'

/**
 * Area under the ROC curve: the chance that a positive scores above a negative, equal scores counting half (Hanley and McNeil
 * 1982). The sum is of whole and half numbers, so it is exact but for its last division. NaN without positives or negatives.
 */
export function rocAuc(ranked: Ranked): number {
  const { positives, negatives } = totals(ranked)
  let below = 0
  steps(ranked, (truePositives, falsePositives, tp) => {
    below += falsePositives * (tp - truePositives / 2)
  })
  return below / (positives * negatives)
}

/**
 * The largest error that scores rounded to the thresholds of `ranked` can make in `rocAuc`: half of the pairs of a positive and a negative
 * that share a threshold. 0 where no such pair is tied.
 */
export function rocAucError(ranked: Ranked): number {
  const { positives, negatives } = totals(ranked)
  let tied = 0
  steps(ranked, (truePositives, falsePositives) => {
    tied += truePositives * falsePositives
  })
  return tied / 2 / (positives * negatives)
}

/**
 * Average precision: Σ (Rₙ − Rₙ₋₁)·Pₙ over the thresholds, highest first, with recall R and precision P; no interpolation. 0 without
 * positives, as scikit-learn has it.
 */
export function averagePrecision(ranked: Ranked): number {
  const { positives } = totals(ranked)
  if (positives === 0) return 0
  let area = 0
  steps(ranked, (truePositives, _, tp, fp) => {
    area += (truePositives / positives) * (tp / (tp + fp))
  })
  return area
}

/** Calls `step` with the positives and negatives at each threshold, and with those accepted from it up. */
function steps(
  { truePositives, falsePositives }: Ranked,
  step: (positives: number, negatives: number, truePositives: number, falsePositives: number) => void,
): void {
  let lastTp = 0
  let lastFp = 0
  for (let i = 0; i < truePositives.length; i++) {
    const tp = truePositives[i] as number
    const fp = falsePositives[i] as number
    step(tp - lastTp, fp - lastFp, tp, fp)
    lastTp = tp
    lastFp = fp
  }
}
