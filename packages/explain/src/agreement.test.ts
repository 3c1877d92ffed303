import { describe, expect, test } from 'vitest'
import { jaccard, mapAgreement, rankCorrelation, stability } from './agreement.ts'
import { explanationData } from './explanation.ts'

describe('agreement', () => {
  test('of sets is what they share of what they have', () => {
    expect(jaccard([1, 2, 3], [2, 3, 4])).toBe(0.5)
    expect(jaccard([1], [2])).toBe(0)
    expect(jaccard([], [])).toBe(1)
  })

  test("of orders is Spearman's, with mean ranks for ties", () => {
    expect(rankCorrelation([1, 2, 3], [10, 20, 90])).toBeCloseTo(1, 12)
    expect(rankCorrelation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12)
    // scipy.stats.spearmanr([1, 2, 2, 4], [1, 3, 2, 4])
    expect(rankCorrelation([1, 2, 2, 4], [1, 3, 2, 4])).toBeCloseTo(0.9486832980505138, 12)
    expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBe(0)
    expect(() => rankCorrelation([1], [1, 2])).toThrow('1 and 2 values')
  })

  test('of maps is in their most important pixels and in order', () => {
    const a = Float64Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    expect(mapAgreement(a, a)).toEqual({ top: 1, rank: 1 })
    const swapped = Float64Array.of(0, 1, 2, 3, 4, 5, 6, 8, 7, 9)
    // The top two of ten are pixels 8 and 9, and then 7 and 9.
    expect(mapAgreement(a, swapped).top).toBeCloseTo(1 / 3, 12)
    expect(() => mapAgreement(a, a, 0)).toThrow('share is 0')
  })

  test('of seeds is the mean over all pairs of runs, by magnitude at the top', () => {
    const { top, rank } = stability(
      [
        [5, -4, 0, 0],
        [5, -4, 0, 0],
        [5, 0, 0, -4],
      ],
      2,
    )
    expect(top).toBeCloseTo((1 + 1 / 3 + 1 / 3) / 3, 12)
    expect(rank).toBeLessThan(1)
    expect(() => stability([[1, 2]])).toThrow('1 runs')
  })
})

test('an explanation as data lists its segments by weight, with their intervals where there are any', () => {
  const explanation = { label: 3, weights: Float64Array.of(0.1, -0.5), intercept: 0.2, r2: 0.9, localPrediction: -0.2 }
  expect(explanationData(explanation)).toEqual({
    label: 3,
    weights: [
      { segment: 1, weight: -0.5 },
      { segment: 0, weight: 0.1 },
    ],
    intercept: 0.2,
    r2: 0.9,
    localPrediction: -0.2,
  })
  const interval = { low: Float64Array.of(0, -0.6), high: Float64Array.of(0.2, -0.4) }
  expect(explanationData({ ...explanation, interval }).weights[0]).toEqual({
    ...{ segment: 1, weight: -0.5, low: -0.6, high: -0.4 },
  })
})
