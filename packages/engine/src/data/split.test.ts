import { describe, expect, it } from 'vitest'
import { foldPositions, validCount, validPositions } from './split.ts'

describe('validCount', () => {
  it('rounds the share and leaves at least one on each side', () => {
    expect(validCount(10, 0.2)).toBe(2)
    expect(validCount(7, 0.2)).toBe(1)
    expect(validCount(8, 0.2)).toBe(2)
    expect(validCount(2, 0.01)).toBe(1)
    expect(validCount(2, 0.99)).toBe(1)
  })
})

describe('validPositions', () => {
  const names = Array.from({ length: 200 }, (_, i) => `cat/${i}.jpg`)

  it('draws different positions for different seeds, each as many', () => {
    const draws = [1, 2, 3].map((seed) => validPositions(names, 0.25, true, seed))
    expect(draws.map((positions) => positions.length)).toEqual([50, 50, 50])
    expect(new Set(draws.map((positions) => positions.join())).size).toBe(3)
  })

  it('draws by name: where a name stands plays no part', () => {
    const chosen = validPositions(names, 0.25, true, 42).map((position) => names[position])
    const reversed = names.toReversed()
    const again = validPositions(reversed, 0.25, true, 42).map((position) => reversed[position])
    expect(again.toSorted()).toEqual(chosen.toSorted())
  })

  it('takes the last positions without shuffle', () => {
    expect(validPositions(['a', 'b', 'c', 'd', 'e'], 0.4, false, 42)).toEqual([3, 4])
  })
})

describe('foldPositions', () => {
  const names = Array.from({ length: 13 }, (_, i) => `cat/${i}.jpg`)
  const all = (options: { shuffle: boolean; seed: number; first: number }) =>
    [0, 1, 2, 3].map((fold) => foldPositions(names, { folds: 4, fold, ...options }))

  it('holds out every image in exactly one fold, of sizes that differ by one at most', () => {
    for (const first of [0, 1, 7]) {
      const folds = all({ shuffle: true, seed: 3, first })
      expect(folds.flat().sort((a, b) => a - b)).toEqual(names.map((_, i) => i))
      expect(folds.map(({ length }) => length).sort()).toEqual([3, 3, 3, 4])
      expect(folds[first % 4]).toHaveLength(4)
    }
  })

  it('deals by name and seed, or in name order without shuffle', () => {
    const drawn = all({ shuffle: true, seed: 3, first: 0 })
    expect(all({ shuffle: true, seed: 3, first: 0 })).toEqual(drawn)
    expect(all({ shuffle: true, seed: 4, first: 0 })).not.toEqual(drawn)
    expect(all({ shuffle: false, seed: 3, first: 0 })[1]).toEqual([1, 5, 9])
  })
})
