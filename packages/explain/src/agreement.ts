import { ExplainInputError } from './errors.ts'
import { ranked } from './explanation.ts'

/** |A ∩ B| / |A ∪ B|; two empty sets agree. */
export function jaccard(a: Iterable<number>, b: Iterable<number>): number {
  const [first, second] = [new Set(a), new Set(b)]
  let common = 0
  for (const value of first) if (second.has(value)) common++
  const all = first.size + second.size - common
  return all === 0 ? 1 : common / all
}

/** Spearman's rank correlation, ties by their mean rank; 0 where one side does not vary. */
export function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length)
    throw new ExplainInputError(`${a.length} and ${b.length} values: ranks are compared one by one`)
  const [x, y] = [ranks(a), ranks(b)]
  const mean = (a.length + 1) / 2
  let [xy, xx, yy] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [dx, dy] = [(x[i] as number) - mean, (y[i] as number) - mean]
    xy += dx * dy
    xx += dx * dx
    yy += dy * dy
  }
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy)
}

/** Ranks from 1, equal values sharing the mean of theirs. */
function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from({ length: values.length }, (_, i) => i).sort(
    (a, b) => (values[a] as number) - (values[b] as number),
  )
  const rank = new Float64Array(values.length)
  for (let begin = 0; begin < order.length; ) {
    let end = begin + 1
    while (end < order.length && values[order[end] as number] === values[order[begin] as number]) end++
    for (let i = begin; i < end; i++) rank[order[i] as number] = (begin + 1 + end) / 2
    begin = end
  }
  return rank
}

export interface Agreement {
  /** Jaccard of the most important parts. */
  top: number
  /** Spearman's, over all parts. */
  rank: number
}

/** How far two maps of the same pixels agree: in their top `share` of pixels, and in order. LIME beside Grad-CAM, say. */
export function mapAgreement(a: Float64Array, b: Float64Array, share = 0.2): Agreement {
  if (!(share > 0 && share <= 1)) throw new ExplainInputError(`share is ${share}: it lies in (0, 1]`)
  const top = (map: Float64Array): number[] =>
    Array.from({ length: map.length }, (_, p) => p)
      .sort((p, q) => (map[q] as number) - (map[p] as number))
      .slice(0, Math.max(1, Math.round(share * map.length)))
  return { top: jaccard(top(a), top(b)), rank: rankCorrelation(a, b) }
}

/**
 * How far repetitions with other seeds agree: the mean over all pairs of the Jaccard of their `top` segments, and of the
 * rank correlation of all weights. The segments must be the same ones.
 */
export function stability(runs: readonly ArrayLike<number>[], top = 5): Agreement {
  if (runs.length < 2) throw new ExplainInputError(`${runs.length} runs: stability is between two or more`)
  let [tops, ranksTotal, pairs] = [0, 0, 0]
  runs.forEach((a, i) => {
    for (const b of runs.slice(i + 1)) {
      tops += jaccard(ranked(a).slice(0, top), ranked(b).slice(0, top))
      ranksTotal += rankCorrelation(a, b)
      pairs++
    }
  })
  return { top: tops / pairs, rank: ranksTotal / pairs }
}
