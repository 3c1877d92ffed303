import { expect, test } from 'vitest'
import { batchNormEvaluation, batchNormGradient, batchNormTraining } from './batch-norm.ts'
import { noise } from './formula-weights.ts'
import { gradientError } from './testing.ts'

const f64 = (...values: number[]): Float64Array => Float64Array.from(values)

test('training normalises with the biased variance and moves the running variance by the unbiased one', () => {
  const { y, runningMean, runningVariance } = batchNormTraining(
    { rows: 2, channels: 1 },
    f64(1, 3),
    f64(2),
    f64(5),
    f64(10),
    f64(20),
  )
  // μ = 2, σ² = 1 biased and 2 unbiased.
  expect(y[0]).toBeCloseTo(5 - 2 / Math.sqrt(1.00001), 12)
  expect(y[1]).toBeCloseTo(5 + 2 / Math.sqrt(1.00001), 12)
  expect(runningMean[0]).toBeCloseTo(9.2, 12)
  expect(runningVariance[0]).toBeCloseTo(18.2, 12)
})

test('evaluation uses the running statistics, a channel each', () => {
  const y = batchNormEvaluation({ channels: 2 }, f64(3, 4), f64(2, 1), f64(1, 0), f64(1, 4), f64(4 - 1e-5, 1))
  expect(y[0]).toBeCloseTo(3, 12)
  expect(y[1]).toBe(0)
})

test('a batch of a single row is refused, for it has no variance', () => {
  const one = f64(1)
  expect(() => batchNormTraining({ rows: 1, channels: 1 }, one, one, one, one, one)).toThrow('rows is 1')
})

test('its gradients agree with finite differences', () => {
  const shape = { rows: 5, channels: 3 }
  const x = noise('x', 15)
  const gamma = noise('gamma', 3)
  const beta = noise('beta', 3)
  const dy = noise('dy', 15)
  const running = new Float64Array(3)
  const forward = (x: Float64Array, gamma: Float64Array, beta: Float64Array) =>
    batchNormTraining(shape, x, gamma, beta, running, running)
  const { dx, dgamma, dbeta } = batchNormGradient(shape, x, forward(x, gamma, beta), gamma, dy)
  expect(gradientError((v) => forward(v, gamma, beta).y, x, dy, dx)).toBeLessThan(1e-7)
  expect(gradientError((v) => forward(x, v, beta).y, gamma, dy, dgamma)).toBeLessThan(1e-8)
  expect(gradientError((v) => forward(x, gamma, v).y, beta, dy, dbeta)).toBeLessThan(1e-8)
})
