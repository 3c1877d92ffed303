import { checkInteger, checkLabel, checkLabels, checkRows, MetricsInputError } from '../errors.ts'
import type { Ranked } from './ranked.ts'

/** Each halving of p, or of 1 − p beyond ½, is cut into this many bins, down to 2^−octaves. */
const binsPerOctave = 16
const octaves = 30
/** Shift of an f32's bits that leaves exponent and log2(binsPerOctave) bits of the fraction. */
const shift = 23 - Math.log2(binsPerOctave)
const word = new Uint32Array(1)
const float = new Float32Array(word.buffer)
const smallest = prefix(2 ** -octaves) - 1
/** The bin of ½; as many bins again mirror those below it. */
const middle = prefix(0.5) - smallest
const binsPerClass = 2 * middle + 2
const classesAtOnce = 16

/**
 * The ranking of each class's probabilities against all others, from batches without end: what `rank` gives, with scores as near as a
 * sixteenth of an octave counted as equal. 16 bytes for each of 932 bins and each class; every threshold is a score that
 * occurred, and the counts at it are exact. What the ties may cost an area under the ROC curve, `rocAucError` says.
 */
export class ScoreHistogram {
  readonly #classes: number
  /** [K, bins] each. */
  readonly #positives: Uint32Array
  readonly #negatives: Uint32Array
  readonly #lowest: Float64Array

  constructor(classes: number) {
    checkInteger(classes, 1, 'classes')
    this.#classes = classes
    this.#positives = new Uint32Array(classes * binsPerClass)
    this.#negatives = new Uint32Array(classes * binsPerClass)
    this.#lowest = new Float64Array(classes * binsPerClass).fill(Infinity)
  }

  /**
   * Adds a batch of probabilities [n, K], flat. Throws MetricsInputError, having added nothing, where it does not fit, a label has
   * no class or a value is outside [0, 1].
   */
  add(labels: ArrayLike<number>, probabilities: ArrayLike<number>): this {
    const classes = this.#classes
    checkRows(probabilities, labels.length, classes, 'probabilities')
    checkLabels(labels, classes, 'labels')
    for (let i = 0; i < probabilities.length; i++) {
      const p = probabilities[i] as number
      // Softmax in f32 may end a little above 1.
      if (!(p >= 0 && p <= 1 + 1e-6)) {
        throw new MetricsInputError(`probabilities[${i}] is ${p}: it must be from 0 to 1`)
      }
    }
    // Some classes at a time: their bins stay in the processor's cache over all rows.
    for (let from = 0; from < classes; from += classesAtOnce) {
      this.#addClasses(labels, probabilities, from, Math.min(from + classesAtOnce, classes))
    }
    return this
  }

  #addClasses(labels: ArrayLike<number>, probabilities: ArrayLike<number>, from: number, to: number): void {
    const classes = this.#classes
    const lowest = this.#lowest
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i] as number
      for (let k = from; k < to; k++) {
        const p = probabilities[i * classes + k] as number
        const cell = k * binsPerClass + binOf(p)
        const counts = k === label ? this.#positives : this.#negatives
        counts[cell] = (counts[cell] as number) + 1
        if (p < (lowest[cell] as number)) lowest[cell] = p
      }
    }
  }

  /** Class `k` against all others, for everything added so far. */
  ranked(k: number): Ranked {
    checkLabel(k, this.#classes, 'k')
    const thresholds: number[] = []
    const truePositives: number[] = []
    const falsePositives: number[] = []
    let tp = 0
    let fp = 0
    for (let b = binsPerClass - 1; b >= 0; b--) {
      const cell = k * binsPerClass + b
      const positives = this.#positives[cell] as number
      const negatives = this.#negatives[cell] as number
      if (positives + negatives === 0) continue
      thresholds.push(this.#lowest[cell] as number)
      truePositives.push((tp += positives))
      falsePositives.push((fp += negatives))
    }
    return {
      thresholds: Float64Array.from(thresholds),
      truePositives: Float64Array.from(truePositives),
      falsePositives: Float64Array.from(falsePositives),
    }
  }
}

/** Rises with p. Bits of a positive float rise with it, and their prefix cuts octaves into equal parts. */
function binOf(p: number): number {
  return p <= 0.5 ? lowerBin(p) : 2 * middle + 1 - lowerBin(Math.max(1 - p, 0))
}

function lowerBin(p: number): number {
  return Math.max(prefix(p) - smallest, 0)
}

function prefix(p: number): number {
  float[0] = p
  return (word[0] as number) >>> shift
}
