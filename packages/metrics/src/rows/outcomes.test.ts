import { describe, expect, test } from 'vitest'
import { brierScore, logLoss, OutcomeAccumulator, outcomes, softmax, topKAccuracy, topKCurve } from '../index.ts'

const probabilities = [0.5, 0.25, 0.25, 0.125, 0.125, 0.75, 0.25, 0.5, 0.25]
const labels = [0, 1, 2]

describe('outcomes', () => {
  test('say of each row what was predicted, how surely, and where its label stands', () => {
    const seen = outcomes(labels, probabilities, { classes: 3 })
    expect([...seen.predicted]).toEqual([0, 2, 1])
    expect([...seen.confidence]).toEqual([0.5, 0.75, 0.5])
    expect([...seen.rank]).toEqual([0, 2, 2])
    expect(seen.loss[1]).toBeCloseTo(Math.log(8), 15)
    expect(seen.squaredError[2]).toBe(0.0625 + 0.25 + 0.5625)
  })

  test('are the same from logits as from their probabilities', () => {
    const logits = Float32Array.from({ length: 60 }, (_, i) => 3 * Math.sin(i * i))
    const of = Uint32Array.from({ length: 12 }, (_, i) => (i * 7) % 5)
    const fromLogits = outcomes(of, logits, { classes: 5, from: 'logits' })
    const fromProbabilities = outcomes(of, softmax(logits, 5), { classes: 5 })
    expect(fromLogits.predicted).toEqual(fromProbabilities.predicted)
    expect(fromLogits.rank).toEqual(fromProbabilities.rank)
    for (let i = 0; i < 12; i++) {
      expect(fromLogits.confidence[i]).toBeCloseTo(fromProbabilities.confidence[i]!, 14)
      expect(fromLogits.loss[i]).toBeCloseTo(fromProbabilities.loss[i]!, 13)
      expect(fromLogits.squaredError[i]).toBeCloseTo(fromProbabilities.squaredError[i]!, 14)
    }
  })

  test('of a sure and right row keep the digits that 1 − p would lose', () => {
    // Two others at e⁻⁴⁰ each: loss 2e⁻⁴⁰ to first order, squared error 2e⁻⁸⁰ + (2e⁻⁴⁰)².
    const { loss, squaredError } = outcomes([0], [40, 0, 0], { classes: 3, from: 'logits' })
    expect(loss[0]! / (2 * Math.exp(-40))).toBeCloseTo(1, 12)
    expect(squaredError[0]! / (6 * Math.exp(-80))).toBeCloseTo(1, 12)
  })

  test('rank the first of equal scores before the others, or the last where asked', () => {
    const equal = [0.25, 0.25, 0.25, 0.25]
    expect([...outcomes([0, 3], [...equal, ...equal], { classes: 4 }).rank]).toEqual([0, 3])
    expect([...outcomes([0, 3], [...equal, ...equal], { classes: 4, ties: 'last' }).rank]).toEqual([3, 0])
  })

  test('of a row with NaN have loss NaN and never count it as right', () => {
    const seen = outcomes([0, 1], [Number.NaN, 1, 1, Number.NaN], { classes: 2, from: 'logits' })
    expect([...seen.loss, ...seen.squaredError]).toEqual([NaN, NaN, NaN, NaN])
    expect(topKAccuracy(seen, 1)).toBe(0)
  })

  test('name the probability that is none, and rows that do not fit', () => {
    expect(() => outcomes([0, 1], [0.5, 0.5, 2, -1], { classes: 2 })).toThrow(
      "probabilities[2] is 2: it must be from 0 to 1 (for logits say from: 'logits')",
    )
    expect(() => outcomes([0], [3, 1], { classes: 2 })).toThrow('probabilities[0] is 3')
    expect(() => outcomes([0], [1, 2, 3], { classes: 2, from: 'logits' })).toThrow('logits holds 3 numbers')
    expect(() => outcomes([2], [1, 2], { classes: 2, from: 'logits' })).toThrow('labels[0] is 2')
    expect(() => outcomes([], [], { classes: 0 })).toThrow('classes is 0')
  })
})

test('topKCurve is topKAccuracy for every k and ends at 1', () => {
  const seen = outcomes(labels, probabilities, { classes: 3 })
  expect(topKCurve(seen)).toEqual([1, 2, 3].map((k) => topKAccuracy(seen, k)))
  expect(topKCurve(seen)).toEqual([1 / 3, 1 / 3, 1])
  expect(() => topKAccuracy(seen, 0)).toThrow('k is 0: it must be an integer of at least 1')
})

test('brierScore is from 0 for a sure and right model to 2 for a sure and wrong one', () => {
  expect(brierScore([0, 1], [1, 0, 0, 1], { classes: 2 })).toBe(0)
  expect(brierScore([1, 0], [1, 0, 0, 1], { classes: 2 })).toBe(2)
  expect(brierScore([0], [0.25, 0.25, 0.25, 0.25], { classes: 4 })).toBe(0.75)
})

describe('OutcomeAccumulator', () => {
  const options = { classes: 3 }

  test('sums up batches as the whole', () => {
    const batches = new OutcomeAccumulator(options)
      .add(outcomes(labels.slice(0, 1), probabilities.slice(0, 3), options))
      .add(outcomes(labels.slice(1), probabilities.slice(3), options))
    const seen = outcomes(labels, probabilities, options)
    const whole = new OutcomeAccumulator(options).add(seen)
    expect(batches.summary()).toEqual(whole.summary())
    const { n, logLoss: loss, brier, topK } = batches.summary()
    expect({ n, topK }).toEqual({ n: 3, topK: topKCurve(seen) })
    expect(loss).toBe(logLoss(labels, probabilities, options))
    expect(brier).toBe(brierScore(labels, probabilities, options))
  })

  test('of nothing gives NaN, and takes no rows of other classes', () => {
    const empty = new OutcomeAccumulator(options)
    expect(empty.summary()).toMatchObject({ n: 0, logLoss: NaN, brier: NaN, topK: [NaN, NaN, NaN] })
    expect(() => empty.add(outcomes([0], [1, 0], { classes: 2 }))).toThrow('outcomes of 2 classes')
  })
})
