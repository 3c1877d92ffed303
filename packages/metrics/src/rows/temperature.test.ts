import { describe, expect, test } from 'vitest'
import { fitTemperature, logLoss, softmax } from '../index.ts'

/** Logits of `n` rows of 3 classes, and labels drawn so that exactly the share softmax(logits) gives has each label. */
function calibrated(scale: number) {
  const [a, b, c] = [Math.log(6), Math.log(3), Math.log(1)] // probabilities .6, .3, .1
  const labels = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2]
  const logits = labels.flatMap(() => [a * scale, b * scale, c * scale])
  return { labels, logits }
}

describe('fitTemperature', () => {
  test('leaves calibrated logits as they are', () => {
    const { labels, logits } = calibrated(1)
    expect(fitTemperature(labels, logits, { classes: 3 }).temperature).toBeCloseTo(1, 8)
  })

  test.each([0.05, 0.5, 3, 40])('finds that logits were multiplied by %s', (scale) => {
    const { labels, logits } = calibrated(scale)
    const { temperature, before, after } = fitTemperature(labels, logits, { classes: 3 })
    expect(temperature / scale).toBeCloseTo(1, 7)
    expect(before).toBeCloseTo(logLoss(labels, logits, { classes: 3, from: 'logits' }), 12)
    expect(after).toBeCloseTo(logLoss(labels, softmax(logits, 3, temperature), { classes: 3 }), 12)
    expect(after).toBeCloseTo(-(0.6 * Math.log(0.6) + 0.3 * Math.log(0.3) + 0.1 * Math.log(0.1)), 12)
  })

  test('is never worse than no temperature, whatever the logits', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const logits = Float64Array.from({ length: 40 }, (_, i) => 10 ** (seed % 7) * Math.sin(seed * 31 + i * i * 1.7))
      const labels = Uint32Array.from({ length: 8 }, (_, i) => (i * seed) % 5)
      const { temperature, before, after } = fitTemperature(labels, logits, { classes: 5 })
      expect(after).toBeLessThanOrEqual(before)
      expect(temperature).toBeGreaterThanOrEqual(0.01 * (1 - 1e-9))
      expect(temperature).toBeLessThanOrEqual(100 * (1 + 1e-9))
    }
  })

  test('ends at a bound where sureness alone would help, or hurt', () => {
    expect(fitTemperature([0, 1], [2, 1, 1, 2], { classes: 2 }).temperature).toBeLessThan(0.1)
    expect(fitTemperature([1, 0], [2, 1, 1, 2], { classes: 2 }).temperature).toBeCloseTo(100, 6)
    expect(fitTemperature([1], [3, 3], { classes: 2 }).temperature).toBe(1)
  })

  test('refuses no rows and logits that are not finite', () => {
    expect(() => fitTemperature([], [], { classes: 2 })).toThrow('labels is empty')
    expect(() => fitTemperature([0], [Infinity, 0], { classes: 2 })).toThrow('logits[0] is Infinity')
  })
})
