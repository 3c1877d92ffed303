/**
 * The bound: an element is a sum of K products, which takes 2K roundings to f32, each of at most ε = 2⁻²⁴ of a partial sum.
 * They are independent enough that the error grows with their root: |Δ| ≤ √(2K) · ε · Σ|aᵢbᵢ|. Where the sum is empty, the
 * kernel must write an exact 0. Images in f16 are rounded before the reference sees them, and a result once more when it is stored.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../../gpu/device.ts'
import { openNodeDevice } from '../../gpu/node.ts'
import * as reference from '../../reference/conv2d.ts'
import { dot } from '../../reference/testing.ts'
import type { ActivationType, Kernel } from '../kernel.ts'
import { padded } from '../kernel.ts'
import { asStored, epsilon, firstMismatch, output, paddedNoise, runKernel, storedBound } from '../testing.ts'
import { chooseSplits, conv2dFilterGradient, filterGradientProduct } from './conv2d.filter-gradient.ts'
import { conv2dForward, forwardProduct } from './conv2d.forward.ts'
import { conv2dInputGradient, inputGradientProduct } from './conv2d.input-gradient.ts'
import { sumParts } from './conv2d.sum-parts.ts'
import type { Tile } from './conv2d.tile.ts'
import { transposeFilter } from './conv2d.transpose-filter.ts'
import { type Conv2d, chooseVariant, outputSize, type Product, type ProductVariant } from './conv2d.ts'
import { rowsOfLane, tiles } from './conv2d.variants.ts'

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
  { name: 'a single product', n: 1, h: 1, w: 1, ci: 1, co: 1, kernel: 1, stride: 1, padding: 0 },
  {
    name: '1 × 1 at stride 1: whole tiles of 64 rows',
    n: 1,
    h: 8,
    w: 8,
    ci: 64,
    co: 64,
    kernel: 1,
    stride: 1,
    padding: 0,
  },
  { name: '1 × 1 a row and a vec4 over', n: 1, h: 5, w: 13, ci: 68, co: 36, kernel: 1, stride: 1, padding: 0 },
  { name: '1 × 1 a row and a vec4 short', n: 3, h: 7, w: 3, ci: 60, co: 28, kernel: 1, stride: 1, padding: 0 },
  {
    name: '3 × 3 without padding on a wide image',
    n: 2,
    h: 4,
    w: 19,
    ci: 12,
    co: 16,
    kernel: 3,
    stride: 1,
    padding: 0,
  },
  { name: '5 × 5 at stride 3', n: 2, h: 10, w: 8, ci: 5, co: 20, kernel: 5, stride: 3, padding: 2 },
] as const

type Problem = (typeof problems)[number] & { type?: ActivationType }

const largeTile: Tile = { kind: 'tile', rows: 64, columns: 64, depth: 16, height: 8 }
const smallTile: Tile = { kind: 'tile', rows: 32, columns: 32, depth: 16, height: 4 }
const nameOf = ({ rows, columns, height }: Tile): string => `tile ${rows} × ${columns}, ${height} rows an invocation`
/** What else an autotuner may choose. */
const otherTiles = tiles.filter((tile) => ![largeTile, smallTile].map(nameOf).includes(nameOf(tile)))

type Choose = (product: Product) => ProductVariant

const always =
  (variant: ProductVariant): Choose =>
  () =>
    variant

/** `software`: what a software adapter gets by itself, mostly `broadcast`. */
const variants: Record<string, Choose> = {
  software: (product) => chooseVariant(product, { ...device.adapter, software: true }),
  direct: always({ kind: 'direct', rows: 4 }),
}

// All tiles are one shader with other constants, and a software adapter takes seconds to compile one: they run only where they
// differ in what they mask, at the ends of rows, columns and depth, the large one also where nothing is masked and where most is.
const telling = problems.filter(({ name }) => /stem|over|odd sides/.test(name))

/** A software adapter's variant with other rows a lane, where it has lanes. */
const lanesOf =
  (rows: number): Choose =>
  (product) => {
    const usual = chooseVariant(product, { ...device.adapter, software: true })
    return usual.kind === 'broadcast' ? { ...usual, rows: Math.max(rows, usual.lanes) } : usual
  }

/** Sixteen are the usual ones. */
const otherRows = rowsOfLane.filter((rows) => rows !== 16)

/** Blocks of rows within one tap, and across taps. */
const aligned = problems.filter(({ name }) => /stem|whole tiles/.test(name))

const cases = [
  ...problems.flatMap((p) => Object.entries(variants).map(([variant, choose]) => ({ ...p, variant, choose }))),
  ...telling.flatMap((p) => ({ ...p, variant: nameOf(smallTile), choose: always(smallTile) })),
  ...problems
    .filter(({ name }) => telling.some((p) => p.name === name) || /whole|single|stride 3/.test(name))
    .map((p) => ({ ...p, variant: nameOf(largeTile), choose: always(largeTile) })),
  ...otherRows.flatMap((rows) =>
    aligned.map((p) => ({ ...p, variant: `software, ${rows} rows`, choose: lanesOf(rows) })),
  ),
  ...otherTiles.map((tile) => ({ ...telling[2]!, variant: nameOf(tile), choose: always(tile) })),
  ...telling.map((p) => ({ ...p, variant: 'software, f16', choose: variants.software!, type: 'f16' as const })),
  { ...telling[1]!, variant: 'direct, f16', choose: variants.direct!, type: 'f16' as const },
  { ...telling[2]!, variant: 'small tile, f16', choose: always(smallTile), type: 'f16' as const },
]

const stored = ({ n, h, w, ci, co, kernel, stride, padding, type = 'f32' }: Problem): Conv2d => ({
  n,
  h,
  w,
  ci: padded(ci),
  co: padded(co),
  kernel,
  stride,
  padding,
  type,
})

const run = async (
  kernel: Kernel,
  contents: Parameters<typeof runKernel>[2],
  name: string,
): Promise<Float32Array<ArrayBuffer>> => output(await runKernel(device, kernel, contents), name)

function inputs(p: Problem) {
  const c = stored(p)
  const { oh, ow } = outputSize(c)
  // Rows of a filter that belong to padded input channels are zero too.
  const x = asStored(paddedNoise('x', c.n * c.h * c.w, p.ci), c.type)
  const w = paddedNoise('w', c.kernel ** 2 * c.ci, p.co).map((v, i) => (Math.floor(i / c.co) % c.ci < p.ci ? v : 0))
  const dy = asStored(paddedNoise('dy', c.n * oh * ow, p.co), c.type)
  return { c, oh, ow, x, w, dy, loops: { ...c, kh: c.kernel, kw: c.kernel } satisfies reference.Convolution }
}

const abs = (x: Float64Array): Float64Array => x.map(Math.abs)
const boundOf = (terms: number, sums: Float64Array): Float64Array =>
  sums.map((sum) => Math.sqrt(2 * terms) * epsilon * sum)

test.each(cases)('$variant: the forward pass of $name', async ({ choose, ...p }) => {
  const { c, oh, ow, x, w, loops } = inputs(p)
  const y = await run(conv2dForward(c, choose(forwardProduct(c))), { x, w, y: c.n * oh * ow * c.co }, 'y')
  const bound = boundOf(c.kernel ** 2 * p.ci, reference.conv2d(loops, abs(x), abs(w)))
  const expected = reference.conv2d(loops, x, w)
  expect(firstMismatch(y, expected, storedBound(bound, expected, c.type), [c.n, oh, ow, c.co])).toBeNull()
})

test.each(cases)('$variant: the input gradient of $name', async ({ choose, ...p }) => {
  const { c, w, dy, loops } = inputs(p)
  const wt = await run(transposeFilter(c), { w, wt: w.length }, 'wt')
  const kernel = conv2dInputGradient(c, choose(inputGradientProduct(c)))
  const dx = await run(kernel, { dy, w, wt, dx: c.n * c.h * c.w * c.ci }, 'dx')
  const bound = boundOf(c.kernel ** 2 * p.co, reference.conv2dInputGradient(loops, abs(dy), abs(w)))
  const expected = reference.conv2dInputGradient(loops, dy, w)
  expect(firstMismatch(dx, expected, storedBound(bound, expected, c.type), [c.n, c.h, c.w, c.ci])).toBeNull()
})

test.each(cases)('$variant: the filter gradient of $name, in one part and in three', async ({ choose, ...p }) => {
  const { c, oh, ow, x, w, dy, loops } = inputs(p)
  const bound = boundOf(c.n * oh * ow, reference.conv2dFilterGradient(loops, abs(x), abs(dy)))
  const expected = reference.conv2dFilterGradient(loops, x, dy)
  const variant = choose(filterGradientProduct(c))
  for (const splits of [1, 3]) {
    const parts = await run(conv2dFilterGradient(c, variant, splits), { x, dy, parts: splits * w.length }, 'parts')
    const dw = await run(sumParts(splits, w.length), { parts, sum: w.length }, 'sum')
    expect(firstMismatch(dw, expected, bound, [c.kernel, c.kernel, c.ci, c.co])).toBeNull()
  }
})

test('the adjoint identity ⟨conv(x, w), dy⟩ = ⟨x, dx⟩ = ⟨w, dw⟩ holds for a whole layer of a ResNet', async () => {
  const p = { ...problems[2], n: 2, h: 16, w: 16, ci: 64, co: 64 } as unknown as Problem
  const { c, oh, ow, x, w, dy } = inputs(p)
  const variant = chooseVariant(forwardProduct(c), device.adapter)
  const forFilter = chooseVariant(filterGradientProduct(c), device.adapter)
  const splits = chooseSplits(c, forFilter, device.adapter)
  const y = await run(conv2dForward(c, variant), { x, w, y: dy.length }, 'y')
  const wt = await run(transposeFilter(c), { w, wt: w.length }, 'wt')
  const dx = await run(conv2dInputGradient(c, variant), { dy, w, wt, dx: x.length }, 'dx')
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

test.each(Object.entries({ ...variants, [nameOf(largeTile)]: always(largeTile) }))(
  '%s: a convolution and its gradients give the same bits each time',
  async (_, choose) => {
    const { c, x, w, dy } = inputs(problems[2])
    const forward = conv2dForward(c, choose(forwardProduct(c)))
    const input = conv2dInputGradient(c, choose(inputGradientProduct(c)))
    const filter = conv2dFilterGradient(c, choose(filterGradientProduct(c)), 3)
    const all = async () => [
      await run(forward, { x, w, y: dy.length }, 'y'),
      await run(input, { dy, w, wt: w, dx: x.length }, 'dx'),
      await run(filter, { x, dy, parts: 3 * w.length }, 'parts'),
    ]
    const once = await all()
    expect(await all()).toEqual(once)
  },
)

test('a tile beyond the limits of WebGPU, or one that invocations cannot share, is refused', () => {
  const c = stored(problems[2])
  const refused = (tile: Partial<Tile>) => () => conv2dForward(c, { ...smallTile, ...tile })
  expect(refused({ rows: 128, columns: 128, height: 8 })).toThrow(/512 invocations/)
  expect(refused({ rows: 128, columns: 128, depth: 32, height: 16 })).toThrow(/32768 bytes/)
  expect(refused({ rows: 48 })).toThrow(RangeError)
})

test('a GPU gets the largest tiles that leave it enough workgroups, and software adapters get none', () => {
  const gpu = { software: false, subgroupSize: 32 }
  expect(chooseVariant({ rows: 65_536, columns: 64, parts: 1 }, gpu)).toEqual(largeTile)
  expect(chooseVariant({ rows: 576, columns: 64, parts: 64 }, gpu)).toEqual(largeTile)
  expect(chooseVariant({ rows: 256, columns: 512, parts: 1 }, gpu)).toEqual(smallTile)
  expect(chooseVariant({ rows: 16, columns: 512, parts: 1 }, gpu)).toEqual({ kind: 'direct', rows: 4 })
  const large = { rows: 65_536, columns: 64, parts: 1 }
  expect(chooseVariant(large, { software: true, subgroupSize: 8 })).toEqual({ kind: 'broadcast', lanes: 8, rows: 16 })
  expect(chooseVariant(large, { software: true, subgroupSize: null })).toEqual({ kind: 'direct', rows: 4 })
})

test('the cost of a tile is its workgroup memory beside the flops and bytes of the convolution', () => {
  const c: Conv2d = { n: 2, h: 8, w: 8, ci: 16, co: 32, kernel: 3, stride: 1, padding: 1 }
  const { flops, bytes, workgroupBytes } = conv2dForward(c, largeTile)
  expect({ flops, bytes, workgroupBytes }).toEqual({
    flops: 2 * 128 * 9 * 16 * 32,
    bytes: 4 * (128 * 16 + 9 * 16 * 32 + 128 * 32),
    workgroupBytes: 4 * 16 * (64 + 64),
  })
})
