import { expect, test } from 'vitest'
import { type Convolution, conv2d, conv2dFilterGradient, conv2dInputGradient, outputSize } from './conv2d.ts'
import { noise } from './formula-weights.ts'
import { dot, gradientError } from './testing.ts'

const f64 = (...values: number[]): Float64Array => Float64Array.from(values)

test('a 2 × 2 filter with stride 1 and no padding gives the sums worked out by hand', () => {
  const c: Convolution = { n: 1, h: 3, w: 3, ci: 1, co: 1, kh: 2, kw: 2, stride: 1, padding: 0 }
  const x = f64(1, 2, 3, 4, 5, 6, 7, 8, 9)
  const w = f64(1, 10, 100, 1000)
  expect([...conv2d(c, x, w)]).toEqual([5421, 6532, 8754, 9865])
  expect([...conv2dInputGradient(c, f64(1, 0, 0, 2), w)]).toEqual([1, 10, 0, 100, 1002, 20, 0, 200, 2000])
  expect([...conv2dFilterGradient(c, x, f64(1, 0, 0, 2))]).toEqual([11, 14, 20, 23])
})

test('stride 2 and padding 1 start outside the image, where pixels are zero', () => {
  const c: Convolution = { n: 1, h: 3, w: 3, ci: 1, co: 1, kh: 3, kw: 3, stride: 2, padding: 1 }
  const x = f64(1, 2, 3, 4, 5, 6, 7, 8, 9)
  expect(outputSize(c)).toEqual({ oh: 2, ow: 2 })
  expect([...conv2d(c, x, new Float64Array(9).fill(1))]).toEqual([12, 16, 24, 28])
})

test('a filter mixes input channels into output channels as the matrix [ci, co]', () => {
  const c: Convolution = { n: 2, h: 1, w: 1, ci: 2, co: 3, kh: 1, kw: 1, stride: 1, padding: 0 }
  expect([...conv2d(c, f64(1, 2, 3, 4), f64(1, 2, 3, 10, 20, 30))]).toEqual([21, 42, 63, 43, 86, 129])
})

const awkward: Convolution[] = [
  { n: 2, h: 7, w: 5, ci: 3, co: 4, kh: 3, kw: 3, stride: 2, padding: 1 },
  { n: 1, h: 7, w: 7, ci: 3, co: 2, kh: 7, kw: 7, stride: 2, padding: 3 },
  { n: 3, h: 4, w: 6, ci: 5, co: 3, kh: 1, kw: 1, stride: 2, padding: 0 },
  { n: 1, h: 5, w: 4, ci: 2, co: 3, kh: 2, kw: 3, stride: 1, padding: 1 },
]

test.each(awkward)('its gradients are the adjoints of $kh × $kw, stride $stride, padding $padding on $h × $w', (c) => {
  const { oh, ow } = outputSize(c)
  const x = noise('x', c.n * c.h * c.w * c.ci)
  const w = noise('w', c.kh * c.kw * c.ci * c.co)
  const dy = noise('dy', c.n * oh * ow * c.co)
  const forward = dot(conv2d(c, x, w), dy)
  expect(dot(x, conv2dInputGradient(c, dy, w))).toBeCloseTo(forward, 10)
  expect(dot(w, conv2dFilterGradient(c, x, dy))).toBeCloseTo(forward, 10)
})

test('its gradients agree with finite differences', () => {
  const c: Convolution = { n: 1, h: 4, w: 5, ci: 2, co: 3, kh: 3, kw: 2, stride: 2, padding: 1 }
  const { oh, ow } = outputSize(c)
  const x = noise('x', c.h * c.w * c.ci)
  const w = noise('w', c.kh * c.kw * c.ci * c.co)
  const dy = noise('dy', oh * ow * c.co)
  expect(gradientError((v) => conv2d(c, v, w), x, dy, conv2dInputGradient(c, dy, w))).toBeLessThan(1e-8)
  expect(gradientError((v) => conv2d(c, x, v), w, dy, conv2dFilterGradient(c, x, dy))).toBeLessThan(1e-8)
})
