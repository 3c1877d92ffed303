/**
 * The `broadcast` convolution built on whatever lanes a subgroup of the adapter has: 8 of lavapipe, 4 of SwiftShader, so that
 * nothing in it takes one number for granted. Bounds as in the kernels' own tests: √(2K) · ε · Σ|aᵢbᵢ| for K products.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  conv2dFilterGradient,
  conv2dForward,
  conv2dInputGradient,
  epsilon,
  firstMismatch,
  openNodeDevice,
  output,
  paddedNoise,
  reference,
  runKernel,
} from './internals.ts'

let device: Awaited<ReturnType<typeof openNodeDevice>>
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

/** Odd sides, stride 2, and more columns than a subgroup of 8 holds in vec4s. */
const c = { n: 2, h: 7, w: 5, ci: 12, co: 40, kernel: 3, stride: 2, padding: 1 }
const [oh, ow] = [4, 3]
const loops = { ...c, kh: c.kernel, kw: c.kernel }
const x = paddedNoise('x', c.n * c.h * c.w, c.ci)
const w = paddedNoise('w', c.kernel ** 2 * c.ci, c.co)
const dy = paddedNoise('dy', c.n * oh * ow, c.co)
const abs = (values: Float64Array): Float64Array => values.map(Math.abs)
const bound = (products: number, sums: Float64Array): Float64Array =>
  sums.map((sum) => Math.sqrt(2 * products) * epsilon * sum)

test("a convolution and its gradients are exact on subgroups of the adapter's own size", async ({ skip }) => {
  const { subgroupMinSize: lanes, subgroupMaxSize, description } = device.gpu.adapterInfo
  skip(!device.gpu.features.has('subgroups') || lanes !== subgroupMaxSize, `${description}: no fixed subgroup size`)
  const variant = { kind: 'broadcast', lanes, rows: lanes } as const

  const y = await runKernel(device, conv2dForward(c, variant), { x, w, y: dy.length })
  const yBound = bound(c.kernel ** 2 * c.ci, reference.conv2d(loops, abs(x), abs(w)))
  expect(firstMismatch(output(y, 'y'), reference.conv2d(loops, x, w), yBound, [c.n, oh, ow, c.co])).toBeNull()

  const dx = await runKernel(device, conv2dInputGradient(c, variant), { dy, w, dx: x.length })
  const dxBound = bound(c.kernel ** 2 * c.co, reference.conv2dInputGradient(loops, abs(dy), abs(w)))
  const dxExpected = reference.conv2dInputGradient(loops, dy, w)
  expect(firstMismatch(output(dx, 'dx'), dxExpected, dxBound, [c.n, c.h, c.w, c.ci])).toBeNull()

  const dw = await runKernel(device, conv2dFilterGradient(c, variant, 1), { x, dy, parts: w.length })
  const dwBound = bound(c.n * oh * ow, reference.conv2dFilterGradient(loops, abs(x), abs(dy)))
  const dwExpected = reference.conv2dFilterGradient(loops, x, dy)
  expect(firstMismatch(output(dw, 'parts'), dwExpected, dwBound, [c.kernel, c.kernel, c.ci, c.co])).toBeNull()
})
