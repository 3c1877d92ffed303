import type { Average } from '../counts/scores.ts'
import { checkInteger, checkLabels, checkRows } from '../errors.ts'
import { definedMean } from '../mean.ts'
import { type Ranked, rank } from './ranked.ts'

/**
 * A ranking metric of each class against all others, by its column of `rows` [n, K]: `oneVsRest(labels, rows, 9, rocAuc)`. A class
 * that never occurs, or alone, has no ROC: NaN.
 */
export function oneVsRest(
  labels: ArrayLike<number>,
  rows: ArrayLike<number>,
  classes: number,
  metric: (ranked: Ranked) => number,
): number[] {
  check(labels, rows, classes)
  const positive = new Uint8Array(labels.length)
  const scores = new Float64Array(labels.length)
  return Array.from({ length: classes }, (_, k) => {
    for (let i = 0; i < labels.length; i++) {
      positive[i] = labels[i] === k ? 1 : 0
      scores[i] = rows[i * classes + k] as number
    }
    return metric(rank(positive, scores))
  })
}

/**
 * The same as one number. macro: mean of the classes; weighted: by how often each occurs; both leave out NaN. micro: every score of
 * every row in one ranking.
 */
export function averageOneVsRest(
  labels: ArrayLike<number>,
  rows: ArrayLike<number>,
  classes: number,
  metric: (ranked: Ranked) => number,
  average: Average,
): number {
  if (average === 'micro') {
    check(labels, rows, classes)
    const positive = new Uint8Array(rows.length)
    for (let i = 0; i < labels.length; i++) positive[i * classes + (labels[i] as number)] = 1
    return metric(rank(positive, rows))
  }
  const values = oneVsRest(labels, rows, classes, metric)
  if (average === 'macro') return definedMean(values)
  const counts = new Float64Array(classes)
  for (let i = 0; i < labels.length; i++) counts[labels[i] as number] = (counts[labels[i] as number] as number) + 1
  return definedMean(values, counts)
}

function check(labels: ArrayLike<number>, rows: ArrayLike<number>, classes: number): void {
  checkInteger(classes, 1, 'classes')
  checkRows(rows, labels.length, classes, 'rows')
  checkLabels(labels, classes, 'labels')
}
