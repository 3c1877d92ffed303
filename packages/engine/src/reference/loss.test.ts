import { expect, test } from 'vitest'
import { noise } from './formula-weights.ts'
import { linear, linearGradient } from './linear.ts'
import { ignoredLabel, softmaxCrossEntropy } from './loss.ts'
import { gradientError } from './testing.ts'

const f64 = (...values: number[]): Float64Array => Float64Array.from(values)

test('cross-entropy of probabilities 1/4 and 3/4 is their logarithm, and its gradient p − onehot', () => {
  const { loss, dlogits } = softmaxCrossEntropy(2, 0, f64(0, Math.log(3)), Uint32Array.of(1))
  expect(loss).toBeCloseTo(-Math.log(3 / 4), 14)
  expect(dlogits[0]).toBeCloseTo(1 / 4, 14)
  expect(dlogits[1]).toBeCloseTo(-1 / 4, 14)
})

test('label smoothing shares ε evenly over all classes, the right one included', () => {
  const { loss, dlogits } = softmaxCrossEntropy(2, 0.2, f64(0, Math.log(3)), Uint32Array.of(1))
  expect(loss).toBeCloseTo(-0.9 * Math.log(3 / 4) - 0.1 * Math.log(1 / 4), 14)
  expect(dlogits[0]).toBeCloseTo(1 / 4 - 0.1, 14)
  expect(dlogits[1]).toBeCloseTo(3 / 4 - 0.9, 14)
})

test('smoothing of .1 over nine classes has its floor at .48480, as the notebook saw', () => {
  // The best logits put .9 + .1/9 on the right class.
  const best = Float64Array.from({ length: 9 }, (_, k) => Math.log(k === 0 ? 0.9 + 0.1 / 9 : 0.1 / 9))
  const { loss, dlogits } = softmaxCrossEntropy(9, 0.1, best, Uint32Array.of(0))
  expect(loss).toBeCloseTo(0.4848, 5)
  for (const g of dlogits) expect(g).toBeCloseTo(0, 14)
})

test('class weights multiply the targets, and the mean is by the weights of the labels, whatever the smoothing', () => {
  // −log p: 1/4 and 3/4 for the first sample, 1/2 each for the second.
  const logits = f64(0, Math.log(3), 0, 0)
  const [w0, w1] = [0.5, 2]
  const { losses, loss } = softmaxCrossEntropy(2, 0.2, logits, Uint32Array.of(1, 0), [w0, w1])
  const first = 0.8 * w1 * -Math.log(3 / 4) + 0.1 * (w0 * -Math.log(1 / 4) + w1 * -Math.log(3 / 4))
  const second = 0.8 * w0 * Math.LN2 + 0.1 * (w0 + w1) * Math.LN2
  expect(losses[0]).toBeCloseTo(first, 14)
  expect(losses[1]).toBeCloseTo(second, 14)
  expect(loss).toBeCloseTo((first + second) / (w1 + w0), 14)
})

test('an ignored label has no loss and no gradient and does not count in the mean', () => {
  const logits = f64(0, Math.log(3), 7, -7)
  const { losses, loss, dlogits } = softmaxCrossEntropy(2, 0, logits, Uint32Array.of(1, ignoredLabel))
  expect(losses[1]).toBe(0)
  expect(loss).toBeCloseTo(-Math.log(3 / 4), 14)
  expect([...dlogits.subarray(2)]).toEqual([0, 0])
  expect(dlogits[0]).toBeCloseTo(1 / 4, 14)
})

test('logits of a thousand do not overflow', () => {
  expect(softmaxCrossEntropy(2, 0, f64(1000, 0), Uint32Array.of(1)).loss).toBeCloseTo(1000, 10)
})

test('a label beyond the classes is named, and a batch of ignored labels is refused', () => {
  expect(() => softmaxCrossEntropy(2, 0, f64(0, 0), Uint32Array.of(2))).toThrow('labels[0] is 2')
  expect(() => softmaxCrossEntropy(2, 0, f64(0, 0), Uint32Array.of(ignoredLabel))).toThrow('every label is ignored')
})

test('the gradient of the mean agrees with finite differences', () => {
  const logits = noise('logits', 4 * 3).map((v) => 3 * v)
  const labels = Uint32Array.of(0, ignoredLabel, 2, 1)
  for (const weights of [
    [1, 1, 1],
    [0.5, 3, 0],
  ]) {
    const loss = (v: Float64Array): Float64Array => f64(softmaxCrossEntropy(3, 0.1, v, labels, weights).loss)
    const { dlogits } = softmaxCrossEntropy(3, 0.1, logits, labels, weights)
    expect(gradientError(loss, logits, f64(1), dlogits)).toBeLessThan(1e-8)
  }
})

test('a linear layer multiplies rows by [in, out] and adds its bias', () => {
  const l = { n: 2, inputs: 2, outputs: 3 }
  expect([...linear(l, f64(1, 2, 3, 4), f64(1, 2, 3, 10, 20, 30), f64(100, 200, 300))]).toEqual([
    121, 242, 363, 143, 286, 429,
  ])
})

test('the gradients of a linear layer agree with finite differences', () => {
  const l = { n: 3, inputs: 4, outputs: 2 }
  const [x, w, b, dy] = [noise('x', 12), noise('w', 8), noise('b', 2), noise('dy', 6)] as const
  const { dx, dw, db } = linearGradient(l, x, w, dy)
  expect(gradientError((v) => linear(l, v, w, b), x, dy, dx)).toBeLessThan(1e-8)
  expect(gradientError((v) => linear(l, x, v, b), w, dy, dw)).toBeLessThan(1e-8)
  expect(gradientError((v) => linear(l, x, w, v), b, dy, db)).toBeLessThan(1e-8)
})
