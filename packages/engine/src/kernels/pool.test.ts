import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import * as reference from '../reference/pool.ts'
import {
  globalAvgPool,
  globalAvgPoolGradient,
  globalConcatPool,
  globalConcatPoolGradient,
  maxPool,
  maxPoolGradient,
  maxPoolSize,
} from './pool.ts'
import { asStored, asU32, epsilon, firstMismatch, output, paddedNoise, runKernel, storedBound } from './testing.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const maps = [
  { n: 2, h: 7, w: 6, channels: 8, type: 'f32' },
  { n: 1, h: 1, w: 5, channels: 4, type: 'f32' },
  { n: 3, h: 4, w: 4, channels: 12, type: 'f32' },
  { n: 2, h: 5, w: 6, channels: 8, type: 'f16' },
] as const

type Map = (typeof maps)[number]

/** Few distinct values, so that most windows hold equal maxima and the first must win. */
const coarse = ({ n, h, w, channels }: Map): Float64Array =>
  paddedNoise('x', n * h * w, channels).map((v) => Math.round(2 * v))

const shapeOf = (m: Map): reference.FeatureMap => ({ n: m.n, h: m.h, w: m.w, c: m.channels })

test.each(maps)(
  'the max pool of $n maps of $h × $w in $type, and its gradient, with many equal maxima',
  async (map) => {
    const x = coarse(map)
    const { oh, ow } = maxPoolSize(map)
    const size = map.n * oh * ow * map.channels
    const expected = reference.maxPool(shapeOf(map), x)
    const forward = await runKernel(device, maxPool(map), { x, y: size, winner: size })
    expect([...output(forward, 'y')]).toEqual([...expected.y])
    const dy = asStored(paddedNoise('dy', map.n * oh * ow, map.channels), map.type)
    const winner = asU32(output(forward, 'winner'))
    const backward = await runKernel(device, maxPoolGradient(map), { winner, dy, dx: x.length })
    // At most four windows share a pixel.
    const dx = reference.maxPoolGradient(shapeOf(map), expected.winner, dy)
    const bound = storedBound(4 * 4 * epsilon, dx, map.type)
    expect(firstMismatch(output(backward, 'dx'), dx, bound, [map.n, map.h, map.w, map.channels])).toBeNull()
  },
)

test.each(maps)('global means of $n maps of $h × $w in $type, and their gradient', async (map) => {
  const pixels = map.h * map.w
  const x = asStored(paddedNoise('x', map.n * pixels, map.channels), map.type)
  const forward = await runKernel(device, globalAvgPool(map), { x, y: map.n * map.channels })
  const bound = (Math.sqrt(2 * pixels) + 2) * epsilon
  const shape = [map.n, map.channels]
  expect(firstMismatch(output(forward, 'y'), reference.globalAvgPool(shapeOf(map), x), bound, shape)).toBeNull()
  const dy = paddedNoise('dy', map.n, map.channels)
  const backward = await runKernel(device, globalAvgPoolGradient(map), { dy, dx: x.length })
  const dx = reference.globalAvgPoolGradient(shapeOf(map), dy)
  const allowed = storedBound(4 * epsilon, dx, map.type)
  expect(firstMismatch(output(backward, 'dx'), dx, allowed, [map.n, map.h, map.w, map.channels])).toBeNull()
})

test.each(maps)(
  'global maxima and means of $n maps of $h × $w in $type side by side, and their gradient',
  async (map) => {
    const { n, h, w, channels } = map
    const x = coarse(map)
    const most = reference.globalMaxPool(shapeOf(map), x)
    const mean = reference.globalAvgPool(shapeOf(map), x)
    const contents = { x, y: 2 * n * channels, winner: n * channels }
    const forward = await runKernel(device, globalConcatPool(map), contents)
    const columns = (from: Float64Array, row: number): Float64Array =>
      from.subarray(row * channels, (row + 1) * channels)
    const y = Float64Array.from(
      Array.from({ length: n }, (_, row) => [...columns(most.y, row), ...columns(mean, row)]).flat(),
    )
    const bound = 2 * (Math.sqrt(2 * h * w) + 2) * epsilon
    expect(firstMismatch(output(forward, 'y'), y, bound, [n, 2, channels])).toBeNull()

    const dy = paddedNoise('dy', 2 * n, channels)
    const half = (first: number): Float64Array =>
      Float64Array.from(Array.from({ length: n }, (_, row) => [...columns(dy, 2 * row + first)]).flat())
    const ofMost = reference.maxPoolGradient(shapeOf(map), most.winner, half(0))
    const ofMean = reference.globalAvgPoolGradient(shapeOf(map), half(1))
    const winner = asU32(output(forward, 'winner'))
    const backward = await runKernel(device, globalConcatPoolGradient(map), { winner, dy, dx: x.length })
    const dx = ofMost.map((v, i) => v + ofMean[i]!)
    const allowed = storedBound(4 * epsilon, dx, map.type)
    expect(firstMismatch(output(backward, 'dx'), dx, allowed, [n, h, w, channels])).toBeNull()
  },
)
