import { checkInteger } from '../errors.ts'
import type { Outcomes } from './outcomes.ts'

/** Share of rows whose label is among the `k` classes with the largest scores; NaN for no rows. */
export function topKAccuracy({ rank }: Pick<Outcomes, 'rank'>, k: number): number {
  checkInteger(k, 1, 'k')
  let hits = 0
  for (let i = 0; i < rank.length; i++) {
    if ((rank[i] as number) < k) hits++
  }
  return hits / rank.length
}

/** Top-k accuracy for each k from 1 (at index 0) to K: an increasing curve that ends at 1. */
export function topKCurve({ rank, classes }: Pick<Outcomes, 'rank' | 'classes'>): number[] {
  const counts = new Float64Array(classes)
  for (let i = 0; i < rank.length; i++) counts[rank[i] as number] = (counts[rank[i] as number] as number) + 1
  return curveOfRanks(counts, rank.length)
}

/** The curve from how many of `n` labels had each rank. */
export function curveOfRanks(counts: Float64Array, n: number): number[] {
  let hits = 0
  return Array.from(counts, (count) => (hits += count) / n)
}
