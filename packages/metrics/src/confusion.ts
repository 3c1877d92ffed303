import { checkLabel, MetricsInputError } from './errors.ts'

/** K rows of K counts: `confusion[actual][predicted]`. */
export type ConfusionMatrix = number[][]

/** A K × K matrix of zeros. */
export function emptyConfusion(classes: number): ConfusionMatrix {
  return Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
}

/** Counts how often each actual class was predicted as each class; rows are actual, columns predicted. */
export function confusionMatrix(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): ConfusionMatrix {
  if (actual.length !== predicted.length) {
    throw new MetricsInputError(
      `${actual.length} actual labels and ${predicted.length} predicted ones: they must be as many`,
    )
  }
  const confusion = emptyConfusion(classes)
  for (let i = 0; i < actual.length; i++) {
    checkLabel(actual[i] as number, classes, `actual[${i}]`)
    checkLabel(predicted[i] as number, classes, `predicted[${i}]`)
    countPrediction(confusion, actual[i] as number, predicted[i] as number)
  }
  return confusion
}

/** Adds one prediction to `confusion` in place; both labels must be in range. */
export function countPrediction(confusion: ConfusionMatrix, actual: number, predicted: number): void {
  const row = confusion[actual] as number[]
  row[predicted] = (row[predicted] as number) + 1
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

/** The counts of each class, from the diagonal, the columns and the rows of a confusion matrix. */
export function classCounts(confusion: ConfusionMatrix): ClassCounts[] {
  return confusion.map((row, k) => ({
    truePositives: row[k] as number,
    predicted: confusion.reduce((sum, other) => sum + (other[k] as number), 0),
    actual: row.reduce((sum, count) => sum + count, 0),
  }))
}

/** Share of predictions on the diagonal; NaN for no predictions. */
export function accuracy(confusion: ConfusionMatrix): number {
  let right = 0
  let all = 0
  for (const { truePositives, actual } of classCounts(confusion)) {
    right += truePositives
    all += actual
  }
  return right / all
}
