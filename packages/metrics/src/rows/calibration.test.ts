import { describe, expect, test } from 'vitest'
import { calibration } from '../index.ts'

const seen = (confidence: number[], right: boolean[]) => ({
  confidence: Float64Array.from(confidence),
  label: Uint32Array.from(right, (r) => (r ? 1 : 0)),
  predicted: new Uint32Array(confidence.length).fill(1),
})

describe('calibration', () => {
  test('is the gap between confidence and accuracy, weighed by the rows of each bin', () => {
    const { bins, ece, mce } = calibration(seen([0.55, 0.65, 0.95, 0.95], [true, false, true, true]), { bins: 5 })
    expect(bins.map(({ count }) => count)).toEqual([0, 0, 1, 1, 2])
    expect(ece).toBeCloseTo((0.45 + 0.65 + 2 * 0.05) / 4, 15)
    expect(mce).toBeCloseTo(0.65, 15)
    expect(bins[0]).toEqual({ low: 0, high: 0.2, count: 0, confidence: NaN, accuracy: NaN })
  })

  test('puts each bound into the bin above it, and 1 into the last, for every number of bins', () => {
    for (let bins = 1; bins <= 200; bins++) {
      const bounds = Array.from({ length: bins + 1 }, (_, b) => b / bins)
      const counts = calibration(seen(bounds, new Array(bins + 1).fill(true)), { bins }).bins.map(({ count }) => count)
      expect(counts).toEqual([...new Array(bins - 1).fill(1), 2])
    }
  })

  test('has 15 bins unless asked', () => {
    expect(calibration(seen([0.5], [true])).bins).toHaveLength(15)
  })

  test('is NaN of nothing and of a confidence that is NaN', () => {
    expect(calibration(seen([], []))).toMatchObject({ ece: NaN, mce: NaN })
    expect(calibration(seen([0.9, NaN], [true, true]))).toMatchObject({ ece: NaN, mce: NaN })
  })

  test('refuses what is no confidence, and no bins', () => {
    expect(() => calibration(seen([1.5], [true]))).toThrow('confidence[0] is 1.5: it must be from 0 to 1')
    expect(() => calibration(seen([0.5], [true]), { bins: 0 })).toThrow('bins is 0')
  })
})
