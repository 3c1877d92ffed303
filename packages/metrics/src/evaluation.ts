/**
 * The full report of a classifier on one set, as it is shown, stored and sent: plain data. What of it follows from the confusion
 * matrix alone is a `ClassificationReport`; the rest needs every row once.
 */
import type { ClassificationReport } from './report.ts'
import type { Interval } from './resampling/interval.ts'
import type { Calibration } from './rows/calibration.ts'

/** The scores that have an interval. Undefined ones are NaN. */
export type ScoreName =
  | 'accuracy'
  | 'balancedAccuracy'
  | 'f1Weighted'
  | 'f1Micro'
  | 'f1Macro'
  | 'cohenKappa'
  | 'matthews'

/** One image and what was said of it. */
export interface EvaluatedSample {
  /** Names the image for people: its path in the dataset. */
  path: string
  actual: string
  predicted: string
  /** −ln of what was said for the actual class, in nats. */
  loss: number
  /** What was said for the predicted class, and for the actual one. */
  confidence: number
  probability: number
  /** The image, small, as a data URL; null where none was made. */
  thumbnail: string | null
}

export interface ConfusedPair {
  actual: string
  predicted: string
  count: number
  /** The worst of its images, the worst first. */
  images: EvaluatedSample[]
}

/** The set cut by a property of its images: a mean may hide a part for which a model fails. */
export interface SliceReport {
  /** What it is cut by: folder, size, brightness. */
  by: string
  /** Which part: a folder's name, a range of sizes. */
  key: string
  n: number
  loss: number
  /** With Wilson's interval, which is wide for small parts. */
  accuracy: Interval
}

export interface Evaluation extends ClassificationReport {
  /** Level of all intervals, such as .95. */
  level: number
  scores: Record<ScoreName, Interval>
  /** Mean −ln p of the label, without the smoothing and class weights that `loss` may have. */
  logLoss: number
  brier: number
  /** Top-k accuracy for each k from 1, at index 0. */
  topK: number[]
  /** One class against the others, macro-averaged over classes that occur; null where none can be ranked, or logits are not finite. */
  rocAuc: number | null
  averagePrecision: number | null
  calibration: Calibration
  /** The T by which logits would be divided to be calibrated on this very set; null where nothing finite could be fitted. */
  temperature: number | null
  /** The most frequent mistakes, by count. */
  mostConfused: ConfusedPair[]
  /** Worst and best images, the most extreme first. */
  topLosses: EvaluatedSample[]
  bottomLosses: EvaluatedSample[]
  slices: SliceReport[]
}
