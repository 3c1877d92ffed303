import { checkInteger, checkSameLength } from '../errors.ts'
import { erfc } from './normal.ts'

/** How often two classifiers were right on the same samples. */
export interface Disagreement {
  both: number
  /** Right the first, wrong the second: b. */
  onlyFirst: number
  /** Wrong the first, right the second: c. */
  onlySecond: number
  neither: number
}

export function disagreement(
  labels: ArrayLike<number>,
  first: ArrayLike<number>,
  second: ArrayLike<number>,
): Disagreement {
  checkSameLength(labels, 'labels', first, 'predictions of the first')
  checkSameLength(labels, 'labels', second, 'predictions of the second')
  const counts = { both: 0, onlyFirst: 0, onlySecond: 0, neither: 0 }
  for (let i = 0; i < labels.length; i++) {
    const firstRight = first[i] === labels[i]
    const secondRight = second[i] === labels[i]
    if (firstRight) counts[secondRight ? 'both' : 'onlyFirst']++
    else counts[secondRight ? 'onlySecond' : 'neither']++
  }
  return counts
}

export interface McNemar {
  method: 'exact' | 'chi-squared'
  /** χ² of one degree of freedom; of the exact test min(b, c). */
  statistic: number
  /** The chance of so uneven a disagreement, or a more uneven one, between equally good classifiers. */
  pValue: number
}

/**
 * McNemar's test (1947) of whether two classifiers are equally often right. Only samples where one of them is count, b + c of them.
 * Exact: p = min(1, 2·Σ_{i ≤ min(b, c)} C(b+c, i) / 2^(b+c)). From 25 on, unless `method` says otherwise, (|b − c| − 1)² / (b + c)
 * on χ²₁, with Edwards' correction.
 */
export function mcnemar(
  { onlyFirst: b, onlySecond: c }: Pick<Disagreement, 'onlyFirst' | 'onlySecond'>,
  method: McNemar['method'] = b + c < 25 ? 'exact' : 'chi-squared',
): McNemar {
  checkInteger(b, 0, 'onlyFirst')
  checkInteger(c, 0, 'onlySecond')
  const n = b + c
  if (method === 'exact') {
    const statistic = Math.min(b, c)
    return { method, statistic, pValue: Math.min(1, 2 * binomialTail(n, statistic)) }
  }
  const statistic = n === 0 ? 0 : (Math.abs(b - c) - 1) ** 2 / n
  return { method, statistic, pValue: erfc(Math.sqrt(statistic / 2)) }
}

/** Σ_{i ≤ m} C(n, i) / 2ⁿ for m ≤ n / 2, from its largest term down. */
function binomialTail(n: number, m: number): number {
  // C(n, m) / 2ⁿ, halved along the way, so that neither factor leaves the range of an f64.
  let term = 1
  let halvings = n
  for (let j = 1; j <= m; j++) {
    term *= (n - m + j) / j
    for (; term > 1 && halvings > 0; halvings--) term /= 2
  }
  term *= 2 ** -halvings
  let sum = 0
  for (let i = m; i >= 0 && term > 0; i--) {
    sum += term
    term *= i / (n - i + 1)
  }
  return sum
}
