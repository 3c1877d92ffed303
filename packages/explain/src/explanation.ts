import type { Segments } from './segments/segments.ts'

/** What each segment does for one class. */
export interface Explanation {
  label: number
  /** A segment's weight: what showing it adds to the class's probability. */
  weights: Float64Array
  /** The surrogate's value with everything hidden. */
  intercept: number
  /** How much of the probabilities' variance the surrogate explains: where that is little, the weights say little. */
  r2: number
  /** The surrogate's value for the whole picture, beside the model's. */
  localPrediction: number
  /** Where the weights of very many samples may lie, given how few there were. */
  interval?: { low: Float64Array; high: Float64Array }
}

/** Explanations of one picture. */
export interface ExplainedImage {
  segments: Segments
  /** The model's probabilities [classes] of the whole picture. */
  probabilities: Float64Array
  explanations: Explanation[]
  /** How many pictures the model classified. */
  samples: number
}

/** An explanation as plain data, for files, wires and tables: segments by weight, the largest first. */
export interface ExplanationData {
  label: number
  weights: { segment: number; weight: number; low?: number; high?: number }[]
  intercept: number
  r2: number
  localPrediction: number
}

export function explanationData(explanation: Explanation): ExplanationData {
  const { label, weights, intercept, r2, localPrediction, interval } = explanation
  const entry = (segment: number): ExplanationData['weights'][number] => {
    const weight = weights[segment] as number
    if (interval === undefined) return { segment, weight }
    return { segment, weight, low: interval.low[segment] as number, high: interval.high[segment] as number }
  }
  return { label, weights: ranked(weights).map(entry), intercept, r2, localPrediction }
}

/** What each pixel does for one class. */
export interface AttributionMap {
  label: number
  width: number
  height: number
  /** What each pixel [height, width] does for the class. */
  values: Float64Array
}

/** Segments from the largest weight to the smallest, by magnitude; of equals the first. */
export function ranked(weights: ArrayLike<number>): number[] {
  return Array.from({ length: weights.length }, (_, f) => f).sort(
    (a, b) => Math.abs(weights[b] as number) - Math.abs(weights[a] as number),
  )
}
