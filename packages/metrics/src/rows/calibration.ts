/** Whether a model is right as often as it says: of the rows it is 80 % sure of, 80 % should be right. */
import { checkInteger, MetricsInputError } from '../errors.ts'
import type { Outcomes } from './outcomes.ts'

/** The rows whose confidence is in [low, high); in the last bin 1 is in too. */
export interface ReliabilityBin {
  low: number
  high: number
  count: number
  /** Mean confidence and share of right predictions; NaN for an empty bin. */
  confidence: number
  accuracy: number
}

export interface Calibration {
  bins: ReliabilityBin[]
  /** Expected calibration error: Σ_b (n_b / n)·|accuracy − confidence| (Naeini et al. 2015; Guo et al. 2017). */
  ece: number
  /** Maximum calibration error: the largest |accuracy − confidence| of a bin with rows. */
  mce: number
}

export interface CalibrationOptions {
  /** Number of bins of equal width, 15 by default. */
  bins?: number
}

/** Calibration of the predicted class. Of no rows, and of a confidence that is NaN, both errors are NaN. */
export function calibration(
  seen: Pick<Outcomes, 'label' | 'predicted' | 'confidence'>,
  options: CalibrationOptions = {},
): Calibration {
  return new ReliabilityBins(options.bins).add(seen).calibration()
}

/** Sums of confidence and right predictions in bins of equal width over [0, 1]. */
export class ReliabilityBins {
  readonly #counts: Float64Array
  readonly #confidence: Float64Array
  readonly #right: Float64Array

  constructor(bins = 15) {
    checkInteger(bins, 1, 'bins')
    this.#counts = new Float64Array(bins)
    this.#confidence = new Float64Array(bins)
    this.#right = new Float64Array(bins)
  }

  add({ label, predicted, confidence }: Pick<Outcomes, 'label' | 'predicted' | 'confidence'>): this {
    const bins = this.#counts.length
    for (let i = 0; i < confidence.length; i++) {
      const c = confidence[i] as number
      const b = binOf(c, bins, i)
      this.#counts[b] = (this.#counts[b] as number) + 1
      this.#confidence[b] = (this.#confidence[b] as number) + c
      if (label[i] === predicted[i]) this.#right[b] = (this.#right[b] as number) + 1
    }
    return this
  }

  calibration(): Calibration {
    const count = this.#counts.length
    const n = this.#counts.reduce((sum, c) => sum + c, 0)
    let ece = n === 0 ? Number.NaN : 0
    let mce = ece
    const bins = Array.from(this.#counts, (inBin, b): ReliabilityBin => {
      const confidence = (this.#confidence[b] as number) / inBin
      const accuracy = (this.#right[b] as number) / inBin
      if (inBin > 0) {
        const gap = Math.abs(accuracy - confidence)
        ece += (inBin / n) * gap
        mce = Math.max(mce, gap)
      }
      return { low: b / count, high: (b + 1) / count, count: inBin, confidence, accuracy }
    })
    return { bins, ece, mce }
  }
}

/** The b with b / bins ≤ c < (b + 1) / bins. NaN is put into the lowest bin, of which it then makes NaN. */
function binOf(c: number, bins: number, i: number): number {
  if (Number.isNaN(c)) return 0
  // Softmax in f32 may end a little above 1.
  if (c < 0 || c > 1 + 1e-6) throw new MetricsInputError(`confidence[${i}] is ${c}: it must be from 0 to 1`)
  const b = Math.min(Math.floor(c * bins), bins - 1)
  // The product is rounded, so that it may be on the other side of a bound than c is.
  if (c < b / bins) return b - 1
  return b < bins - 1 && c >= (b + 1) / bins ? b + 1 : b
}
