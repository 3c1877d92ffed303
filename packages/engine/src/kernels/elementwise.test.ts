import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { add, addBias, biasGradient, dropout, normalise, relu, reluGradient } from './elementwise.ts'
import { pcg4d } from './random.ts'
import { asStored, epsilon, firstMismatch, output, paddedNoise, runKernel, storedBound } from './testing.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

/** Not a multiple of a workgroup's elements. */
const elements = 1004
const a = paddedNoise('a', elements / 4, 4)
const b = paddedNoise('b', elements / 4, 4)

test('ReLU cuts negative numbers, and its gradient those of y = 0', async () => {
  const y = output(await runKernel(device, relu(elements), { x: a, y: elements }), 'y')
  expect([...y]).toEqual([...a.map((v) => Math.max(v, 0))])
  const dx = output(await runKernel(device, reluGradient(elements), { y, dy: b, dx: elements }), 'dx')
  expect([...dx]).toEqual([...b.map((v, i) => (a[i]! > 0 ? v : 0))])
})

test('a ReLU gradient of two terms is that of their rounded sum', async () => {
  const kernel = reluGradient(elements, 'f32', 2)
  const dx = output(await runKernel(device, kernel, { y: a, dy0: b, dy1: a, dx: elements }), 'dx')
  expect([...dx]).toEqual([...b.map((v, i) => (a[i]! > 0 ? Math.fround(v + a[i]!) : 0))])
})

test('the residual sum is correctly rounded', async () => {
  const sum = output(await runKernel(device, add(elements), { a, b, sum: elements }), 'sum')
  expect([...sum]).toEqual([...a.map((v, i) => Math.fround(v + b[i]!))])
})

test('in f16, sums and ReLU gradients are those of f32 rounded once more', async () => {
  const [x, y] = [asStored(a, 'f16'), asStored(b, 'f16')]
  const sum = output(await runKernel(device, add(elements, 'f16'), { a: x, b: y, sum: elements }), 'sum')
  expect([...sum]).toEqual([
    ...asStored(
      x.map((v, i) => Math.fround(v + y[i]!)),
      'f16',
    ),
  ])
  const dx = await runKernel(device, reluGradient(elements, 'f16'), { y: x, dy: y, dx: elements })
  expect([...output(dx, 'dx')]).toEqual([...y.map((v, i) => (x[i]! > 0 ? v : 0))])
})

test('a bias is added to every row, and its gradient sums the rows', async () => {
  const [rows, channels] = [5, 12]
  const x = paddedNoise('x', rows, channels)
  const bias = paddedNoise('bias', 1, channels)
  const y = output(await runKernel(device, addBias(rows, channels), { x, bias, y: x.length }), 'y')
  expect([...y]).toEqual([...x.map((v, i) => Math.fround(v + bias[i % channels]!))])
  const db = output(await runKernel(device, biasGradient(rows, channels), { dy: x, db: channels }), 'db')
  const expected = new Float64Array(channels)
  for (const [i, v] of x.entries()) expected[i % channels]! += v
  expect(firstMismatch(db, expected, rows * Math.sqrt(2 * rows) * epsilon, [channels])).toBeNull()
})

test('dropout keeps the elements that the counter-based draw of the CPU keeps, and scales them up', async () => {
  const [seed, count, layer, p] = [7, 3, 2, 0.25]
  const step = new Uint32Array(16)
  step.set([seed, count])
  const y = output(await runKernel(device, dropout(elements, p, layer), { x: a, step, y: elements }), 'y')
  const expected = a.map((v, i) => {
    const draw = (pcg4d(Math.floor(i / 4), count, seed, layer)[i % 4]! >>> 8) / 2 ** 24
    return draw >= p ? v / (1 - p) : 0
  })
  expect(firstMismatch(y, expected, 4 * epsilon, [elements])).toBeNull()
  const kept = y.filter((v) => v !== 0).length / elements
  // Five standard deviations of 1004 draws.
  expect(Math.abs(kept - (1 - p))).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / elements))
})

test.each(['f32', 'f16'] as const)(
  'in %s, pixels become (u8 / 255 − mean) / std by channel, and the fourth channel zero',
  async (type) => {
    const mean = [0.485, 0.456, 0.406]
    const std = [0.229, 0.224, 0.225]
    // Every byte once in each channel, alpha opaque.
    const bytes = Uint8Array.from({ length: 4 * 256 }, (_, i) => (i % 4 === 3 ? 255 : ((i >> 2) + 85 * (i % 4)) % 256))
    const contents = { pixels: new Uint32Array(bytes.buffer), x: bytes.length }
    const x = output(await runKernel(device, normalise(256, mean, std, type), contents), 'x')
    const expected = Float64Array.from(bytes, (v, i) => (i % 4 === 3 ? 0 : (v / 255 - mean[i % 4]!) / std[i % 4]!))
    // unpack4x8unorm may be 3 ulp off, which 1/std magnifies.
    expect(firstMismatch(x, expected, storedBound((8 * epsilon) / 0.224, expected, type), [256, 4])).toBeNull()
  },
)
