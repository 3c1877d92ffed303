import { checkInteger, checkLabel, checkLabels, checkSameLength, MetricsInputError } from '../errors.ts'

/** K rows of K counts: `confusion[actual][predicted]`. */
export type ConfusionMatrix = number[][]

/** Counts predictions batch by batch in K² numbers, however many there are. */
export class ConfusionAccumulator {
  readonly #classes: number
  /** [K, K], row-major. */
  readonly #counts: Float64Array

  constructor(classes: number) {
    checkInteger(classes, 1, 'classes')
    this.#classes = classes
    this.#counts = new Float64Array(classes * classes)
  }

  /** Adds a batch. Throws MetricsInputError, having added nothing, where the lists differ in length or a label has no class. */
  add(actual: ArrayLike<number>, predicted: ArrayLike<number>): this {
    checkSameLength(actual, 'actual labels', predicted, 'predicted ones')
    checkLabels(actual, this.#classes, 'actual')
    checkLabels(predicted, this.#classes, 'predicted')
    for (let i = 0; i < actual.length; i++) this.count(actual[i] as number, predicted[i] as number)
    return this
  }

  /** Adds one prediction; both labels must be in range. */
  count(actual: number, predicted: number): void {
    const cell = actual * this.#classes + predicted
    this.#counts[cell] = (this.#counts[cell] as number) + 1
  }

  /** Everything added so far; later batches do not change what was returned. */
  confusion(): ConfusionMatrix {
    return rowsOf(this.#counts, this.#classes)
  }
}

/** A flat [K, K] matrix as rows. */
export function rowsOf(counts: ArrayLike<number>, classes: number): ConfusionMatrix {
  return Array.from({ length: classes }, (_, i) =>
    Array.from({ length: classes }, (_, j) => counts[i * classes + j] as number),
  )
}

/** Counts how often each actual class was predicted as each class; rows are actual, columns predicted. */
export function confusionMatrix(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): ConfusionMatrix {
  return new ConfusionAccumulator(classes).add(actual, predicted).confusion()
}

/** What every score of one class is made of. */
export interface ClassCounts {
  /** Predicted as this class and of it. */
  truePositives: number
  /** Predicted as this class. */
  predicted: number
  /** Of this class. */
  actual: number
}

/**
 * The counts of each class, from the diagonal, the columns and the rows of a confusion matrix; or only those of the classes in
 * `labels`, in their order (scikit-learn's `labels`: predictions among the others still count against these).
 */
export function classCounts(confusion: ConfusionMatrix, labels?: readonly number[]): ClassCounts[] {
  checkSquare(confusion)
  const predicted = new Float64Array(confusion.length)
  const counts = confusion.map((row, k): ClassCounts => {
    let actual = 0
    for (let j = 0; j < row.length; j++) {
      const count = row[j] as number
      actual += count
      predicted[j] = (predicted[j] as number) + count
    }
    return { truePositives: row[k] as number, predicted: 0, actual }
  })
  for (const [k, count] of counts.entries()) count.predicted = predicted[k] as number
  if (labels === undefined) return counts
  return labels.map((label, i) => {
    checkLabel(label, counts.length, `labels[${i}]`)
    return counts[label] as ClassCounts
  })
}

/** Share of predictions on the diagonal; NaN for no predictions. */
export function accuracy(confusion: ConfusionMatrix): number {
  return accuracyOf(classCounts(confusion))
}

/** The same of the counts of all classes. */
export function accuracyOf(counts: readonly ClassCounts[]): number {
  let right = 0
  let all = 0
  for (const { truePositives, actual } of counts) {
    right += truePositives
    all += actual
  }
  return right / all
}

/** Throws unless every row has a column for each class. */
function checkSquare(confusion: ConfusionMatrix): void {
  for (const [i, row] of confusion.entries()) {
    if (row.length !== confusion.length) {
      throw new MetricsInputError(
        `confusion[${i}] has ${row.length} columns: a confusion matrix of ${confusion.length} rows needs as many`,
      )
    }
  }
}
