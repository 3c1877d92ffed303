import { mostConfused } from './counts/most-confused.ts'
import { checkInteger, checkLabel, checkSameLength, MetricsInputError } from './errors.ts'
import type { EvaluatedSample, Evaluation, SliceReport } from './evaluation.ts'
import { definedMean } from './mean.ts'
import { averagePrecision, rocAuc } from './ranking/areas.ts'
import { oneVsRest } from './ranking/one-vs-rest.ts'
import type { Ranked } from './ranking/ranked.ts'
import { ScoreHistogram } from './ranking/score-histogram.ts'
import { ReportAccumulator, type ReportOptions } from './report.ts'
import { bootstrapCounts } from './resampling/bootstrap-confusion.ts'
import { proportionInterval } from './resampling/proportion.ts'
import { scoreStatistics } from './resampling/score-interval.ts'
import { OutcomeAccumulator } from './rows/outcome-accumulator.ts'
import { outcomes } from './rows/outcomes.ts'
import { RowSample } from './rows/row-sample.ts'
import { type Logits, softmax } from './rows/softmax.ts'
import { fitTemperature } from './rows/temperature.ts'
import { LossKeeper } from './samples/loss-keeper.ts'
import { MistakeKeeper } from './samples/mistake-keeper.ts'

/** A property by which the set is cut, and the names of its parts. */
export interface Cut {
  by: string
  keys: readonly string[]
}

export interface EvaluationOptions extends ReportOptions {
  /** Worst and best samples to keep, 16 by default. */
  keep?: number
  /** Kinds of mistakes to list, 100 by default. */
  confused?: number
  /** Bins of the calibration, 15 by default. */
  bins?: number
  /** Level of the intervals, .95 by default, and the seed of their replicates, 0. */
  level?: number
  seed?: number
  /** Slices to report. */
  cuts?: readonly Cut[]
}

/** What is known of a sample besides its logits. */
export interface SampleNote {
  path: string
  /** Its part in each of `cuts`: an index into the keys, or null where it has none. */
  parts?: readonly (number | null)[]
}

/** Numbers kept as rows: 16 MB. */
const rowNumbers = 4_000_000

/** Worst images of each kind of mistake, and of how many kinds: of up to 128 classes of all. */
const mistakes = { each: 3, kinds: 128 ** 2 }

/**
 * Takes batches of logits with labels and gives the whole `Evaluation` of all of them. Memory does not grow with the set: K² counts,
 * 15 kB a class, 16 MB of rows, three samples for each of 16,384 kinds of mistakes. Up to 4 · 10⁶ logits areas and temperature are of every row; of a larger set the
 * temperature is fitted to rows evenly spread over it, and areas are `ScoreHistogram`'s.
 */
export class EvaluationAccumulator {
  readonly #options: EvaluationOptions
  readonly #classes: readonly string[]
  readonly #report: ReportAccumulator
  readonly #outcomes: OutcomeAccumulator
  readonly #histogram: ScoreHistogram
  readonly #rows: RowSample
  readonly #worst: LossKeeper<EvaluatedSample>
  readonly #best: LossKeeper<EvaluatedSample>
  readonly #mistakes = new MistakeKeeper<EvaluatedSample>(mistakes)
  readonly #cuts: CutSums[]
  /** Whether all logits were: others have no rank. */
  #finite = true

  constructor(options: EvaluationOptions) {
    const { classes, keep = 16, confused = 100, bins, cuts = [] } = options
    checkInteger(confused, 0, 'confused')
    this.#report = new ReportAccumulator(options)
    this.#options = options
    this.#classes = classes
    this.#outcomes = new OutcomeAccumulator({ classes: classes.length, ...(bins !== undefined && { bins }) })
    this.#histogram = new ScoreHistogram(classes.length)
    this.#rows = new RowSample(classes.length, Math.max(1, Math.floor(rowNumbers / classes.length)))
    this.#worst = new LossKeeper(keep, 'largest')
    this.#best = new LossKeeper(keep, 'least')
    this.#cuts = cuts.map((cut) => new CutSums(cut))
  }

  /**
   * Adds a batch: `logits` [n, K] flat and row-major, `labels` [n], a note for each. Throws MetricsInputError, having added nothing,
   * where they do not fit together, a label has no class or a note names a part that there is not.
   */
  add(labels: ArrayLike<number>, logits: Logits, notes: readonly SampleNote[]): this {
    checkSameLength(labels, 'labels', notes, 'notes')
    for (const [i, { parts = [] }] of notes.entries()) this.#checkParts(parts, i)
    const K = this.#classes.length
    const seen = outcomes(labels, logits, { classes: K, from: 'logits' })
    this.#report.add(labels, logits)
    this.#outcomes.add(seen)
    this.#rank(labels, logits)
    for (const [i, { path, parts = [] }] of notes.entries()) {
      const [label, predicted, loss] = [labels[i], seen.predicted[i], seen.loss[i]] as [number, number, number]
      this.#rows.add(label, logits, i * K)
      const sample: EvaluatedSample = {
        path,
        actual: this.#classes[label] as string,
        predicted: this.#classes[predicted] as string,
        loss,
        confidence: seen.confidence[i] as number,
        probability: Math.exp(-loss),
        thumbnail: null,
      }
      this.#worst.add(loss, sample)
      this.#best.add(loss, sample)
      if (label !== predicted) {
        this.#mistakes.add(label, predicted, loss, sample, () => this.#report.report().confusion)
      }
      for (const [c, part] of parts.entries()) if (part !== null) this.#cuts[c]?.add(part, loss, label === predicted)
    }
    return this
  }

  #checkParts(parts: readonly (number | null)[], i: number): void {
    for (const [c, part] of parts.entries()) {
      const cut = this.#cuts[c]
      if (!cut)
        throw new MetricsInputError(`notes[${i}] has ${parts.length} parts: there are ${this.#cuts.length} cuts`)
      if (part !== null) checkLabel(part, cut.keys.length, `notes[${i}].parts[${c}]`)
    }
  }

  #rank(labels: ArrayLike<number>, logits: Logits): void {
    for (let i = 0; i < logits.length && this.#finite; i++) this.#finite = Number.isFinite(logits[i])
    if (this.#finite) this.#histogram.add(labels, softmax(logits, this.#classes.length))
  }

  /** The evaluation of everything added so far. Undefined numbers are NaN. */
  evaluation(): Evaluation {
    const { level = 0.95, seed = 0, confused = 100 } = this.#options
    const report = this.#report.report()
    const { logLoss, brier, topK, calibration } = this.#outcomes.summary()
    const occurs = report.byClass.map(({ count }) => count > 0)
    const area = (metric: (ranked: Ranked) => number): number | null => {
      const mean = this.#finite
        ? definedMean(this.#byClass(metric).filter((_, k) => occurs[k] && (report.byClass[k]?.count ?? 0) < report.n))
        : Number.NaN
      return Number.isNaN(mean) ? null : mean
    }
    return {
      ...report,
      level,
      scores: bootstrapCounts(report.confusion, scoreStatistics, { level, seed }),
      logLoss,
      brier,
      topK,
      rocAuc: area(rocAuc),
      averagePrecision: area(averagePrecision),
      calibration,
      temperature: this.#temperature(),
      mostConfused: mostConfused(report.confusion)
        .slice(0, confused)
        .map(({ actual, predicted, count }) => ({
          actual: this.#classes[actual] as string,
          predicted: this.#classes[predicted] as string,
          count,
          images: this.#mistakes.kept(actual, predicted),
        })),
      topLosses: this.#worst.kept().map(({ id }) => id),
      bottomLosses: this.#best.kept().map(({ id }) => id),
      slices: this.#cuts.flatMap((cut) => cut.reports(level)),
    }
  }

  #byClass(metric: (ranked: Ranked) => number): number[] {
    const K = this.#classes.length
    if (!this.#rows.complete) return this.#classes.map((_, k) => metric(this.#histogram.ranked(k)))
    const { labels, rows } = this.#rows.sample()
    return oneVsRest(labels, softmax(rows, K), K, metric)
  }

  #temperature(): number | null {
    const { labels, rows } = this.#rows.sample()
    if (labels.length === 0 || !this.#finite) return null
    return fitTemperature(labels, rows, { classes: this.#classes.length }).temperature
  }
}

/** Sums for each part of a cut. */
class CutSums {
  readonly keys: readonly string[]
  readonly #by: string
  readonly #n: Float64Array
  readonly #right: Float64Array
  readonly #loss: Float64Array

  constructor({ by, keys }: Cut) {
    this.#by = by
    this.keys = keys
    this.#n = new Float64Array(keys.length)
    this.#right = new Float64Array(keys.length)
    this.#loss = new Float64Array(keys.length)
  }

  add(part: number, loss: number, right: boolean): void {
    this.#n[part] = (this.#n[part] as number) + 1
    this.#right[part] = (this.#right[part] as number) + Number(right)
    this.#loss[part] = (this.#loss[part] as number) + loss
  }

  /** Of the parts that have samples, in the order of the keys. */
  reports(level: number): SliceReport[] {
    return this.keys.flatMap((key, part) => {
      const n = this.#n[part] as number
      if (n === 0) return []
      const accuracy = proportionInterval(this.#right[part] as number, n, level)
      return [{ by: this.#by, key, n, loss: (this.#loss[part] as number) / n, accuracy }]
    })
  }
}
