import { describe, expect, test } from 'vitest'
import { crossEntropy, logLoss, MetricsInputError } from '../index.ts'

describe('logLoss', () => {
  test('is the mean −log p of the true class', () => {
    // −(ln .9 + ln .9 + ln .8 + ln .65) / 4, the example of scikit-learn's documentation
    const probabilities = [0.1, 0.9, 0.9, 0.1, 0.8, 0.2, 0.35, 0.65]
    expect(logLoss([1, 0, 0, 1], probabilities, { classes: 2 })).toBeCloseTo(0.21616, 5)
  })

  test('is the same from logits as from their probabilities', () => {
    const logits = [Math.log(0.2), Math.log(0.5), Math.log(0.3)]
    expect(logLoss([2], logits, { classes: 3, from: 'logits' })).toBeCloseTo(-Math.log(0.3), 14)
    expect(logLoss([2], [0.2, 0.5, 0.3], { classes: 3 })).toBeCloseTo(-Math.log(0.3), 14)
  })

  test('of a certain mistake is finite: probabilities are clipped at 2⁻⁵²', () => {
    expect(logLoss([0], [0, 1], { classes: 2 })).toBeCloseTo(52 * Math.LN2, 10)
  })

  test('of nothing is NaN', () => {
    expect(logLoss([], [], { classes: 2 })).toBeNaN()
  })

  test('names the label that has no class', () => {
    expect(() => logLoss([0, 2], [0.5, 0.5, 0.5, 0.5], { classes: 2 })).toThrow(
      'labels[1] is 2: a label is an integer from 0 to 1',
    )
  })
})

describe('crossEntropy', () => {
  test('of equal logits is ln K at any smoothing', () => {
    expect(crossEntropy([0], [0, 0, 0, 0], { classes: 4 })).toBeCloseTo(Math.log(4), 15)
    expect(crossEntropy([0], [0, 0, 0, 0], { classes: 4, labelSmoothing: 0.3 })).toBeCloseTo(Math.log(4), 15)
  })

  test('by class weights is torch’s, independent of smoothing: targets are multiplied, the mean is over the labels’ weights', () => {
    // −log p: ln 4 and ln 4/3 for the first row, ln 2 for both of the second.
    const logits = [0, Math.log(3), 0, 0]
    const classWeights = [0.5, 2]
    const plain = crossEntropy([1, 0], logits, { classes: 2, classWeights })
    expect(plain).toBeCloseTo((2 * Math.log(4 / 3) + 0.5 * Math.LN2) / 2.5, 14)
    const smoothed = crossEntropy([1, 0], logits, { classes: 2, classWeights, labelSmoothing: 0.2 })
    const first = 0.8 * 2 * Math.log(4 / 3) + 0.1 * (0.5 * Math.log(4) + 2 * Math.log(4 / 3))
    const second = 0.8 * 0.5 * Math.LN2 + 0.1 * 2.5 * Math.LN2
    expect(smoothed).toBeCloseTo((first + second) / 2.5, 14)
    expect(() => crossEntropy([0], [0, 0], { classes: 2, classWeights: [1] })).toThrow('must be 2 numbers')
  })

  test('with smoothing .1 and 9 classes has the floor .48480 that the notebook approached', () => {
    // Least where softmax equals the smoothed target: 1 − .1·8/9 for the label, .1/9 elsewhere.
    const logits = new Array<number>(9).fill(Math.log(0.1 / 9))
    logits[4] = Math.log(1 - (0.1 * 8) / 9)
    expect(crossEntropy([4], logits, { classes: 9, labelSmoothing: 0.1 })).toBeCloseTo(0.4848, 4)
  })

  test('weighs the label and the mean over all classes by 1 − ε and ε', () => {
    // p = (1/4, 3/4), label 0, ε .2: .8·ln 4 + .1·(ln 4 + ln 4/3)
    const expected = 0.9 * Math.log(4) + 0.1 * Math.log(4 / 3)
    expect(crossEntropy([0], [0, Math.log(3)], { classes: 2, labelSmoothing: 0.2 })).toBeCloseTo(expected, 14)
  })

  test('refuses a smoothing of 1 and logits that do not fit the labels', () => {
    expect(() => crossEntropy([0], [0, 0], { classes: 2, labelSmoothing: 1 })).toThrow(MetricsInputError)
    expect(() => crossEntropy([0], [0, 0, 0], { classes: 2 })).toThrow(
      'logits holds 3 numbers: 1 labels and 2 classes need 2',
    )
  })
})
