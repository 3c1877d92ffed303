import { describe, expect, test } from 'vitest'
import { smooth, summariseCurve, summariseFit } from './index.ts'

// The notebook's second phase: training and validation loss of 25 epochs.
const train = [
  1.095013, 0.925314, 0.829193, 0.755437, 0.703322, 0.676031, 0.643748, 0.621263, 0.610846, 0.597556, 0.592544,
  0.591604, 0.585929, 0.576905, 0.565662, 0.553509, 0.54504, 0.538019, 0.533519, 0.527825, 0.525236, 0.519706, 0.520856,
  0.518598, 0.516994,
]
const valid = [
  0.995483, 0.862077, 0.810338, 0.785751, 0.750437, 0.755283, 0.727963, 0.700396, 0.709269, 0.734286, 0.698643,
  0.691277, 0.687158, 0.680047, 0.68057, 0.65281, 0.652485, 0.641254, 0.632918, 0.631027, 0.62401, 0.623547, 0.620551,
  0.620019, 0.61929,
]

describe('summariseFit', () => {
  test('agrees with the notebook that its model did not overfit', () => {
    const fit = summariseFit(train, valid)
    expect(fit.valid).toEqual({ best: { epoch: 24, value: 0.61929 }, last: 0.61929, sinceBest: 0, regret: 0 })
    expect(fit.gapAtLast).toBeCloseTo(0.102296, 12)
    expect(fit.overfit).toBe(0)
  })

  test('says what was lost since the best epoch, had it been stopped at its tenth', () => {
    const fit = summariseFit(train.slice(0, 10), valid.slice(0, 10))
    expect(fit.valid).toMatchObject({ best: { epoch: 7, value: 0.700396 }, sinceBest: 2 })
    expect(fit.overfit).toBeCloseTo(0.734286 - 0.700396, 12)
    expect(fit.gapAtBest).toBeCloseTo(0.700396 - 0.621263, 12)
    expect(() => summariseFit([1], [1, 2])).toThrow('1 training losses and 2 validation losses')
  })

  test('does not call it overfitting where training went wrong as well', () => {
    expect(summariseFit([1, 0.5, 0.9], [1, 0.6, 1.1]).overfit).toBe(0)
  })
})

test('summariseCurve takes the first of equals, and never NaN', () => {
  expect(summariseCurve([Number.NaN, 0.5, 0.9, 0.9, 0.7], 'higher')).toEqual({
    best: { epoch: 2, value: 0.9 },
    last: 0.7,
    sinceBest: 2,
    regret: expect.closeTo(0.2, 12),
  })
  expect(summariseCurve([0.3, Number.NaN], 'lower').regret).toBeNaN()
  expect(() => summariseCurve([Number.NaN], 'lower')).toThrow('the curve has no value')
})

describe('smooth', () => {
  test('leaves a constant as it is, from the first value on', () => {
    expect([...smooth([3, 3, 3], 0.9)]).toEqual([3, 3, 3].map((x) => expect.closeTo(x, 12)))
  })

  test('weighs values by powers of β', () => {
    const beta = 0.5
    expect(smooth([1, 2, 4], beta)[2]).toBeCloseTo((1 * 0.25 + 2 * 0.5 + 4) / 1.75, 14)
    expect([...smooth([1, 2], 0)]).toEqual([1, 2])
    expect(() => smooth([1], 1)).toThrow('beta is 1')
  })
})
