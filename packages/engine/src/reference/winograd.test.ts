import { expect, test } from 'vitest'
import { type Convolution, conv2d, conv2dFilterGradient, outputSize } from './conv2d.ts'
import { noise } from './formula-weights.ts'
import { winograd, winogradFilterGradient } from './winograd.ts'

const c: Convolution = { n: 2, h: 5, w: 4, ci: 3, co: 2, kh: 3, kw: 3, stride: 1, padding: 1 }

test.each([0, 1, 2])('at padding %i, tiles give what plain taps give, forward and for the filter', (padding) => {
  const p = { ...c, padding }
  const { oh, ow } = outputSize(p)
  const x = Float64Array.from(noise('x', p.n * p.h * p.w * p.ci))
  const w = Float64Array.from(noise('w', 9 * p.ci * p.co))
  const dy = Float64Array.from(noise('dy', p.n * oh * ow * p.co))
  const exactly = { magnitudes: false }
  for (const [i, v] of conv2d(p, x, w).entries()) expect(winograd(p, x, w, exactly)[i]).toBeCloseTo(v, 12)
  const dw = winogradFilterGradient(p, x, dy, exactly)
  for (const [i, v] of conv2dFilterGradient(p, x, dy).entries()) expect(dw[i]).toBeCloseTo(v, 12)
})

test('magnitudes are no smaller than any result with signs, and those of a one-pixel tile are known', () => {
  const p = { ...c, n: 1, h: 1, w: 1, ci: 1, co: 1 }
  const w = new Float64Array(9)
  w[4] = -2
  // x lies at (1, 1) of its patch and reaches the positions {1, 2, 3}²; the tap reaches {1, 2}² with a quarter each.
  expect([...winograd(p, Float64Array.of(3), w, { magnitudes: true })]).toEqual([6])
  expect([...winograd(p, Float64Array.of(3), w, { magnitudes: false })]).toEqual([-6])
})
