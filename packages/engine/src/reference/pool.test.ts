import { expect, test } from 'vitest'
import { add, relu, reluGradient } from './elementwise.ts'
import { noise } from './formula-weights.ts'
import { globalAvgPool, globalAvgPoolGradient, globalMaxPool, maxPool, maxPoolGradient, maxPoolSize } from './pool.ts'
import { awayFromZero, gradientError } from './testing.ts'

const f64 = (...values: number[]): Float64Array => Float64Array.from(values)

test('the max pool of a 3 × 3 map takes four overlapping windows', () => {
  const map = { n: 1, h: 3, w: 3, c: 1 }
  const { y, winner } = maxPool(map, f64(1, 2, 3, 4, 9, 6, 7, 8, 5))
  expect([...y]).toEqual([9, 9, 9, 9])
  expect([...maxPoolGradient(map, winner, f64(1, 2, 3, 4))]).toEqual([0, 0, 0, 0, 10, 0, 0, 0, 0])
})

test('of equal maxima the first in scan order gets the gradient, and padding never wins over negative values', () => {
  const map = { n: 1, h: 2, w: 2, c: 1 }
  expect(maxPoolSize(map)).toEqual({ oh: 1, ow: 1 })
  const { y, winner } = maxPool(map, f64(-3, -1, -1, -2))
  expect([...y]).toEqual([-1])
  expect([...maxPoolGradient(map, winner, f64(5))]).toEqual([0, 5, 0, 0])
})

test('global pools reduce each channel of each image by itself', () => {
  const map = { n: 2, h: 1, w: 2, c: 2 }
  const x = f64(1, 8, 3, 2, 5, 5, 5, 7)
  expect([...globalAvgPool(map, x)]).toEqual([2, 5, 5, 6])
  expect([...globalAvgPoolGradient(map, f64(2, 4, 6, 8))]).toEqual([1, 2, 1, 2, 3, 4, 3, 4])
  const { y, winner } = globalMaxPool(map, x)
  expect([...y]).toEqual([3, 8, 5, 7])
  expect([...maxPoolGradient(map, winner, f64(2, 4, 6, 8))]).toEqual([0, 4, 2, 0, 6, 0, 0, 8])
})

test('the gradients of pools, ReLU and sum agree with finite differences', () => {
  const map = { n: 2, h: 5, w: 4, c: 3 }
  const x = awayFromZero('x', 120)
  const { oh, ow } = maxPoolSize(map)
  const windows = noise('windows', 2 * oh * ow * 3)
  const maps = noise('maps', 6)
  const pixels = noise('pixels', 120)
  const check = (f: (x: Float64Array) => Float64Array, dy: Float64Array, dx: Float64Array) =>
    expect(gradientError(f, x, dy, dx)).toBeLessThan(1e-8)
  check((v) => maxPool(map, v).y, windows, maxPoolGradient(map, maxPool(map, x).winner, windows))
  check((v) => globalMaxPool(map, v).y, maps, maxPoolGradient(map, globalMaxPool(map, x).winner, maps))
  check((v) => globalAvgPool(map, v), maps, globalAvgPoolGradient(map, maps))
  check(relu, pixels, reluGradient(x, pixels))
  check((v) => add(v, x), pixels, pixels)
})

test('ReLU lets no gradient through at zero', () => {
  expect([...relu(f64(-1, 0, 2))]).toEqual([0, 0, 2])
  expect([...reluGradient(f64(-1, 0, 2), f64(3, 4, 5))]).toEqual([0, 0, 5])
})
