import { describe, expect, test } from 'vitest'
import { balancedAccuracy, cohenKappa, confusionMatrix, matthews, mostConfused } from '../index.ts'

describe('cohenKappa', () => {
  test('gives .4 for the textbook case of 50 grants: .7 observed, .5 by chance', () => {
    const readers = [
      [20, 5],
      [10, 15],
    ]
    expect(cohenKappa(readers)).toBeCloseTo(0.4, 15)
  })

  test('weighs mistakes by their distance where classes have an order', () => {
    const near = confusionMatrix([0, 1, 2, 2], [0, 1, 2, 1], 3)
    const far = confusionMatrix([0, 1, 2, 2], [0, 1, 2, 0], 3)
    expect(cohenKappa(near, 'none')).toBeCloseTo(cohenKappa(far, 'none'), 15)
    // near: Σ w·observed 1, Σ w·expected (1·2 + 4·1 + 1·1 + 1·1 + 4·2 + 1·4) / 4 = 5
    expect(cohenKappa(near, 'quadratic')).toBeCloseTo(1 - 1 / 5, 15)
    expect(cohenKappa(near, 'quadratic')).toBeGreaterThan(cohenKappa(far, 'quadratic'))
    expect(cohenKappa(near, 'linear')).toBeGreaterThan(cohenKappa(far, 'linear'))
  })

  test('is NaN where chance never disagrees', () => {
    expect(cohenKappa(confusionMatrix([0, 0], [0, 0], 2))).toBeNaN()
    expect(cohenKappa(confusionMatrix([], [], 2))).toBeNaN()
  })
})

describe('matthews', () => {
  test('of two classes is (tp·tn − fp·fn) / √((tp+fp)(tp+fn)(tn+fp)(tn+fn))', () => {
    const [tn, fp, fn, tp] = [5, 2, 1, 4]
    const expected = (tp * tn - fp * fn) / Math.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    expect(
      matthews([
        [tn, fp],
        [fn, tp],
      ]),
    ).toBeCloseTo(expected, 15)
  })

  test('is 0 where one class only was predicted, and where nothing was', () => {
    expect(matthews(confusionMatrix([0, 1, 1], [1, 1, 1], 2))).toBe(0)
    expect(matthews(confusionMatrix([], [], 2))).toBe(0)
  })
})

describe('balancedAccuracy', () => {
  test('is the mean recall of the classes that occur', () => {
    expect(balancedAccuracy(confusionMatrix([0, 0, 0, 0, 1], [0, 0, 0, 1, 1], 3))).toBe((0.75 + 1) / 2)
  })

  test('adjusted is 0 for a constant prediction', () => {
    const constant = confusionMatrix([0, 1, 2, 2], [1, 1, 1, 1], 3)
    expect(balancedAccuracy(constant, { adjusted: true })).toBeCloseTo(0, 15)
    expect(balancedAccuracy(confusionMatrix([], [], 3))).toBeNaN()
  })
})

test('mostConfused lists equally frequent mistakes row by row and leaves out those made too seldom', () => {
  const confusion = [
    [9, 1, 2],
    [2, 9, 0],
    [3, 2, 9],
  ]
  expect(mostConfused(confusion, 2)).toEqual([
    { actual: 2, predicted: 0, count: 3 },
    { actual: 0, predicted: 2, count: 2 },
    { actual: 1, predicted: 0, count: 2 },
    { actual: 2, predicted: 1, count: 2 },
  ])
  expect(mostConfused(confusion)).toHaveLength(5)
  expect(mostConfused([[4]])).toEqual([])
})
