import { checkInteger, MetricsInputError } from '../errors.ts'
import type { Calibration, CalibrationOptions } from './calibration.ts'
import { ReliabilityBins } from './calibration.ts'
import type { Outcomes } from './outcomes.ts'
import { curveOfRanks } from './top-k.ts'

export interface OutcomeSummary {
  /** Number of rows. Of none, all that follows is NaN. */
  n: number
  /** Mean −log p of the label, in nats. */
  logLoss: number
  /** Mean Σₖ (pₖ − [k is the label])². */
  brier: number
  /** Top-k accuracy for each k from 1, at index 0, to K. */
  topK: number[]
  calibration: Calibration
}

/** Takes the outcomes of batches and keeps sums: O(K) memory for rows without end. */
export class OutcomeAccumulator {
  readonly #ranks: Float64Array
  readonly #reliability: ReliabilityBins
  #n = 0
  #loss = 0
  #squaredError = 0

  constructor({ classes, bins }: CalibrationOptions & { classes: number }) {
    checkInteger(classes, 1, 'classes')
    this.#ranks = new Float64Array(classes)
    this.#reliability = new ReliabilityBins(bins)
  }

  /** Adds a batch. Throws MetricsInputError, having added nothing, where it is of another number of classes. */
  add(seen: Outcomes): this {
    const classes = this.#ranks.length
    if (seen.classes !== classes) {
      throw new MetricsInputError(`outcomes of ${seen.classes} classes were added to those of ${classes}`)
    }
    const n = seen.rank.length
    for (let i = 0; i < n; i++) {
      const rank = seen.rank[i] as number
      this.#ranks[rank] = (this.#ranks[rank] as number) + 1
      this.#loss += seen.loss[i] as number
      this.#squaredError += seen.squaredError[i] as number
    }
    this.#reliability.add(seen)
    this.#n += n
    return this
  }

  summary(): OutcomeSummary {
    const n = this.#n
    return {
      n,
      logLoss: this.#loss / n,
      brier: this.#squaredError / n,
      topK: curveOfRanks(this.#ranks, n),
      calibration: this.#reliability.calibration(),
    }
  }
}
