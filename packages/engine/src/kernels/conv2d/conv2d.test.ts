/**
 * The bound: an element is a sum of K products, which takes 2K roundings to f32, each of at most ε = 2⁻²⁴ of a partial sum.
 * They are independent enough that the error grows with their root: |Δ| ≤ √(2K) · ε · Σ|aᵢbᵢ|. Where the sum is empty, the
 * kernel must write an exact 0.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../../gpu/device.ts'
import { openNodeDevice } from '../../gpu/node.ts'
import * as reference from '../../reference/conv2d.ts'
import { dot } from '../../reference/testing.ts'
import type { Kernel } from '../kernel.ts'
import { padded } from '../kernel.ts'
import { epsilon, firstMismatch, output, paddedNoise, runKernel } from '../testing.ts'
import { chooseSplits, conv2dFilterGradient, filterGradientRows, sumParts } from './conv2d.filter-gradient.ts'
import { conv2dForward } from './conv2d.forward.ts'
import { conv2dInputGradient, transposeFilter } from './conv2d.input-gradient.ts'
import { type Conv2d, chooseVariant, outputSize, type Variant } from './conv2d.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

/** Channels before padding. */
const problems = [
  {
    name: 'the stem: 7 × 7 at stride 2 on 3 channels',
    n: 2,
    h: 11,
    w: 11,
    ci: 3,
    co: 8,
    kernel: 7,
    stride: 2,
    padding: 3,
  },
  { name: 'odd sides at stride 2 and a batch of 1', n: 1, h: 7, w: 5, ci: 6, co: 5, kernel: 3, stride: 2, padding: 1 },
  { name: '3 × 3 with more columns than lanes', n: 2, h: 5, w: 6, ci: 8, co: 72, kernel: 3, stride: 1, padding: 1 },
  { name: '3 × 3 on a single pixel', n: 3, h: 1, w: 1, ci: 16, co: 12, kernel: 3, stride: 1, padding: 1 },
  { name: 'a projection: 1 × 1 at stride 2', n: 2, h: 7, w: 7, ci: 20, co: 9, kernel: 1, stride: 2, padding: 0 },
  { name: 'a linear layer onto 3 classes', n: 5, h: 1, w: 1, ci: 36, co: 3, kernel: 1, stride: 1, padding: 0 },
] as const

type Problem = (typeof problems)[number]

const cases = problems.flatMap((problem) => (['chosen', 'direct'] as const).map((variant) => ({ ...problem, variant })))

const stored = ({ n, h, w, ci, co, kernel, stride, padding }: Problem): Conv2d => ({
  n,
  h,
  w,
  ci: padded(ci),
  co: padded(co),
  kernel,
  stride,
  padding,
})

/** What the adapter gets by itself, or the variant that needs no feature. */
const variantFor = (variant: 'chosen' | 'direct', rows: number): Variant =>
  variant === 'chosen' ? chooseVariant(rows, device.adapter) : { kind: 'direct', rows: 4 }

const run = async (
  kernel: Kernel,
  contents: Parameters<typeof runKernel>[2],
  name: string,
): Promise<Float32Array<ArrayBuffer>> => output(await runKernel(device, kernel, contents), name)

function inputs(p: Problem) {
  const c = stored(p)
  const { oh, ow } = outputSize(c)
  // Rows of a filter that belong to padded input channels are zero too.
  const x = paddedNoise('x', c.n * c.h * c.w, p.ci)
  const w = paddedNoise('w', c.kernel ** 2 * c.ci, p.co).map((v, i) => (Math.floor(i / c.co) % c.ci < p.ci ? v : 0))
  const dy = paddedNoise('dy', c.n * oh * ow, p.co)
  return { c, oh, ow, x, w, dy, loops: { ...c, kh: c.kernel, kw: c.kernel } satisfies reference.Convolution }
}

const abs = (x: Float64Array): Float64Array => x.map(Math.abs)
const boundOf = (terms: number, sums: Float64Array): Float64Array =>
  sums.map((sum) => Math.sqrt(2 * terms) * epsilon * sum)

test.each(cases)('$variant: the forward pass of $name', async ({ variant, ...p }) => {
  const { c, oh, ow, x, w, loops } = inputs(p)
  const y = await run(conv2dForward(c, variantFor(variant, c.n * oh * ow)), { x, w, y: c.n * oh * ow * c.co }, 'y')
  const bound = boundOf(c.kernel ** 2 * p.ci, reference.conv2d(loops, abs(x), abs(w)))
  expect(firstMismatch(y, reference.conv2d(loops, x, w), bound, [c.n, oh, ow, c.co])).toBeNull()
})

test.each(cases)('$variant: the input gradient of $name', async ({ variant, ...p }) => {
  const { c, w, dy, loops } = inputs(p)
  const wt = await run(transposeFilter(c), { w, wt: w.length }, 'wt')
  const dx = await run(
    conv2dInputGradient(c, variantFor(variant, c.n * c.h * c.w)),
    { dy, wt, dx: c.n * c.h * c.w * c.ci },
    'dx',
  )
  const bound = boundOf(c.kernel ** 2 * p.co, reference.conv2dInputGradient(loops, abs(dy), abs(w)))
  const expected = reference.conv2dInputGradient(loops, dy, w)
  expect(firstMismatch(dx, expected, bound, [c.n, c.h, c.w, c.ci])).toBeNull()
})

test.each(cases)('$variant: the filter gradient of $name, in one part and in three', async ({ variant, ...p }) => {
  const { c, oh, ow, x, w, dy, loops } = inputs(p)
  const bound = boundOf(c.n * oh * ow, reference.conv2dFilterGradient(loops, abs(x), abs(dy)))
  const expected = reference.conv2dFilterGradient(loops, x, dy)
  const chosen = variantFor(variant, filterGradientRows(c))
  for (const splits of [1, 3]) {
    const parts = await run(conv2dFilterGradient(c, chosen, splits), { x, dy, parts: splits * w.length }, 'parts')
    const dw = await run(sumParts(splits, w.length), { parts, sum: w.length }, 'sum')
    expect(firstMismatch(dw, expected, bound, [c.kernel, c.kernel, c.ci, c.co])).toBeNull()
  }
})

test('the adjoint identity ⟨conv(x, w), dy⟩ = ⟨x, dx⟩ = ⟨w, dw⟩ holds for a whole layer of a ResNet', async () => {
  const p = { ...problems[2], n: 2, h: 16, w: 16, ci: 64, co: 64 } as unknown as Problem
  const { c, oh, ow, x, w, dy } = inputs(p)
  const filterRows = filterGradientRows(c)
  const variant = chooseVariant(c.n * oh * ow, device.adapter)
  const forFilter = chooseVariant(filterRows, device.adapter)
  const splits = chooseSplits(c, forFilter, device.adapter)
  const y = await run(conv2dForward(c, variant), { x, w, y: dy.length }, 'y')
  const wt = await run(transposeFilter(c), { w, wt: w.length }, 'wt')
  const dx = await run(conv2dInputGradient(c, variant), { dy, wt, dx: x.length }, 'dx')
  const parts = await run(conv2dFilterGradient(c, forFilter, splits), { x, dy, parts: splits * w.length }, 'parts')
  const dw = await run(sumParts(splits, w.length), { parts, sum: w.length }, 'sum')
  const f64 = (values: Float32Array): Float64Array => Float64Array.from(values)
  const forward = dot(f64(y), dy)
  // Each inner product sums rounded elements whose errors are independent: their norm, not their sum.
  const norm = (a: Float64Array, b: Float64Array): number =>
    Math.sqrt(
      dot(
        a.map((v) => v * v),
        b.map((v) => v * v),
      ),
    )
  const bound = Math.sqrt(9 * 64) * 8 * epsilon * norm(f64(y), dy)
  expect(Math.abs(dot(x, f64(dx)) - forward)).toBeLessThan(bound)
  expect(Math.abs(dot(w, f64(dw)) - forward)).toBeLessThan(Math.sqrt(c.n * oh * ow) * 8 * epsilon * norm(w, f64(dw)))
})

test('a convolution gives the same bits each time', async () => {
  const { c, x, w, oh, ow } = inputs(problems[2])
  const kernel = conv2dForward(c, chooseVariant(c.n * oh * ow, device.adapter))
  const once = await run(kernel, { x, w, y: c.n * oh * ow * c.co }, 'y')
  expect(await run(kernel, { x, w, y: c.n * oh * ow * c.co }, 'y')).toEqual(once)
})
