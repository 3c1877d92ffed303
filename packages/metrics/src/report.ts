/**
 * The report of a classifier on a labelled set. Everything in it but the loss follows from the confusion matrix, so a set of
 * any size is reported from batches in O(K²) memory: `ReportAccumulator`. `classificationReport` is its one-batch form.
 */
import {
  accuracy,
  type ClassCounts,
  ConfusionAccumulator,
  type ConfusionMatrix,
  classCounts,
} from './counts/confusion.ts'
import { averageScores, classScores, type Scores } from './counts/scores.ts'
import { checkLabels, checkRows, MetricsInputError } from './errors.ts'
import { checkClassWeights, checkLabelSmoothing, rowCrossEntropy } from './rows/loss.ts'
import { argmax, type Logits } from './rows/softmax.ts'

export interface ClassReport extends Scores {
  class: string
  /** Images of this class. */
  count: number
}

/** Undefined ratios are 0. Plain data: it crosses process borders and is stored as JSON. */
export interface ClassificationReport {
  /** Number of images. */
  n: number
  /** Mean cross entropy in nats, label-smoothed and by class weights where asked. */
  loss: number
  accuracy: number
  f1Weighted: number
  f1Micro: number
  f1Macro: number
  /** In the order of the classes. */
  byClass: ClassReport[]
  /** Rows are actual, columns predicted. */
  confusion: ConfusionMatrix
}

export interface ReportOptions {
  /** Class names; a label is an index into them. */
  classes: readonly string[]
  /** ε of the loss, to compare it with a training loss that was smoothed. Default 0. */
  labelSmoothing?: number
  /** Weights of the classes in the loss, for the same reason. Default null: 1 for each. */
  classWeights?: readonly number[] | null
}

/** Takes batches of logits with their labels and reports on all of them. */
export class ReportAccumulator {
  readonly #classes: readonly string[]
  readonly #labelSmoothing: number
  readonly #confusion: ConfusionAccumulator
  readonly #classWeights: readonly number[] | null
  #n = 0
  #lossSum = 0
  #weightSum = 0

  constructor({ classes, labelSmoothing = 0, classWeights = null }: ReportOptions) {
    if (classes.length === 0) throw new MetricsInputError('classes is empty: a report needs at least one class')
    checkLabelSmoothing(labelSmoothing)
    checkClassWeights(classWeights, classes.length)
    this.#classWeights = classWeights
    this.#classes = classes
    this.#labelSmoothing = labelSmoothing
    this.#confusion = new ConfusionAccumulator(classes.length)
  }

  /**
   * Adds a batch: `logits` [n, K] flat and row-major, `labels` [n]. The predicted class is the first of the largest logits.
   * Throws MetricsInputError, having added nothing, where they do not fit together or a label has no class.
   */
  add(labels: ArrayLike<number>, logits: Logits): this {
    const classes = this.#classes.length
    checkRows(logits, labels.length, classes, 'logits')
    checkLabels(labels, classes, 'labels')
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i] as number
      this.#confusion.count(label, argmax(logits, i * classes, classes))
      this.#lossSum += rowCrossEntropy(logits, i * classes, label, classes, this.#labelSmoothing, this.#classWeights)
      this.#weightSum += this.#classWeights?.[label] ?? 1
    }
    this.#n += labels.length
    return this
  }

  /** The report on everything added so far. Of nothing, loss and accuracy are NaN. */
  report(): ClassificationReport {
    const confusion = this.#confusion.confusion()
    const counts = classCounts(confusion)
    return {
      n: this.#n,
      loss: this.#lossSum / this.#weightSum,
      accuracy: accuracy(confusion),
      f1Weighted: averageScores(counts, 'weighted').f1,
      f1Micro: averageScores(counts, 'micro').f1,
      f1Macro: averageScores(counts, 'macro').f1,
      byClass: this.#classes.map((name, k) => classReport(name, counts[k] as ClassCounts)),
      confusion,
    }
  }
}

function classReport(name: string, counts: ClassCounts): ClassReport {
  return { class: name, ...classScores(counts), count: counts.actual }
}

/** The report on `logits` [n, K] (flat, row-major) against `labels` [n]; see ReportAccumulator for batches and errors. */
export function classificationReport(
  input: ReportOptions & { labels: ArrayLike<number>; logits: Logits },
): ClassificationReport {
  return new ReportAccumulator(input).add(input.labels, input.logits).report()
}
