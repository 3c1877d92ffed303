import { describe, expect, test } from 'vitest'
import { disagreement, mcnemar } from '../index.ts'

test('disagreement counts which of two models was right', () => {
  expect(disagreement([0, 1, 2, 0, 1], [0, 1, 0, 1, 1], [0, 2, 2, 2, 0])).toEqual({
    both: 1,
    onlyFirst: 2,
    onlySecond: 1,
    neither: 1,
  })
  expect(() => disagreement([0], [0], [])).toThrow('1 labels and 0 predictions of the second')
})

describe('mcnemar', () => {
  test('is exact for few disagreements', () => {
    // 2·(C(10,0) + C(10,1)) / 2¹⁰
    expect(mcnemar({ onlyFirst: 1, onlySecond: 9 })).toEqual({ method: 'exact', statistic: 1, pValue: 22 / 1024 })
    expect(mcnemar({ onlyFirst: 9, onlySecond: 1 }).pValue).toBe(22 / 1024)
    expect(mcnemar({ onlyFirst: 5, onlySecond: 5 }).pValue).toBe(1)
    expect(mcnemar({ onlyFirst: 0, onlySecond: 0 }).pValue).toBe(1)
  })

  test('is χ² with a correction from 25 on', () => {
    const test25 = mcnemar({ onlyFirst: 5, onlySecond: 20 })
    expect(test25.method).toBe('chi-squared')
    expect(test25.statistic).toBe(196 / 25)
    expect(test25.pValue).toBeCloseTo(0.00511026, 8)
    expect(mcnemar({ onlyFirst: 5, onlySecond: 19 }).method).toBe('exact')
  })

  test('may be exact for any number, where 2⁻ⁿ itself is 0', () => {
    const exact = mcnemar({ onlyFirst: 24_700, onlySecond: 25_300 }, 'exact').pValue
    const approximate = mcnemar({ onlyFirst: 24_700, onlySecond: 25_300 }).pValue
    // The corrected χ² is right to order 1/n here.
    expect(Math.abs(exact / approximate - 1)).toBeLessThan(1e-3)
    expect(mcnemar({ onlyFirst: 0, onlySecond: 5000 }, 'exact').pValue).toBe(0)
  })

  test('refuses what is no count', () => {
    expect(() => mcnemar({ onlyFirst: -1, onlySecond: 3 })).toThrow('onlyFirst is -1')
  })
})
