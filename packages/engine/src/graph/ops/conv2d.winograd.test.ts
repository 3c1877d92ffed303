/**
 * Winograd's passes as they are lowered, held against plain taps in f64. The bound: an element is a sum over ci or tiles at 16
 * positions, each sum of K terms, and the transforms round 10 times more on the way of any term (2 of Bᵀ x B, 4 of G w Gᵀ, 4 of
 * the transform back; 2 + 2 + 4 for the filter gradient, whose A dy Aᵀ takes 2), its product once. Each rounding is at most ε of
 * S, the magnitudes of all that is added on the way (reference/winograd.ts), and they are independent enough that the error
 * grows with their root: |Δ| ≤ √(K + 11) · ε · S.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../../gpu/device.ts'
import { openNodeDevice } from '../../gpu/node.ts'
import { batchNormFinish, fewerMoments } from '../../kernels/batch-norm.ts'
import type { Epilogue } from '../../kernels/conv2d/conv2d.epilogue.ts'
import { momentsLeft } from '../../kernels/conv2d/conv2d.epilogue.ts'
import { type Conv2d, outputSize, type ProductVariant } from '../../kernels/conv2d/conv2d.ts'
import { type Pass, variantFor, winogradVariant } from '../../kernels/conv2d/conv2d.variants.ts'
import { adjoint, tilesOf, winogradFilter, winogradFits, winogradInput } from '../../kernels/conv2d/conv2d.winograd.ts'
import { type ActivationType, padded, type Target } from '../../kernels/kernel.ts'
import { asStored, epsilon, firstMismatch, output, paddedNoise, runKernel, storedBound } from '../../kernels/testing.ts'
import { batchNormEvaluation, batchNormTraining } from '../../reference/batch-norm.ts'
import * as reference from '../../reference/conv2d.ts'
import { relativeError } from '../../reference/testing.ts'
import { winograd, winogradFilterGradient } from '../../reference/winograd.ts'
import { Graph, type Lowering } from '../graph.ts'
import { elementsOf, type Tensor } from '../tensor.ts'
import { lowerForward } from './conv2d.ts'
import { lowerWinogradFilterGradient, lowerWinogradInputGradient } from './conv2d.winograd.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

/** Channels before padding. */
interface Problem {
  n: number
  h: number
  w: number
  ci: number
  co: number
  padding: number
  type?: ActivationType
}

const wide = { name: 'more columns than lanes, without padding', n: 2, h: 4, w: 7, ci: 9, co: 40, padding: 0 }
const problems = [
  { name: 'odd sides and a batch of 1', n: 1, h: 5, w: 7, ci: 6, co: 5, padding: 1 },
  { name: 'single pixels', n: 3, h: 1, w: 1, ci: 20, co: 12, padding: 1 },
  { name: 'more tiles than a block has rows', n: 3, h: 6, w: 9, ci: 36, co: 8, padding: 1 },
  wide,
  { name: 'odd sides in f16', n: 2, h: 7, w: 5, ci: 6, co: 9, padding: 1, type: 'f16' as const },
]

type ChooseProduct = (pass: Pass, c: Conv2d) => ProductVariant

const direct: ProductVariant = { kind: 'direct', rows: 4 }

/** `software`: what a software adapter gets by itself, mostly `broadcast`. */
const products: Record<string, ChooseProduct> = {
  direct: () => direct,
  software: (pass, c) => winogradVariant(pass, c, { ...device.adapter, software: true }).product,
  tile: () => ({ kind: 'tile', rows: 32, columns: 32, depth: 16, height: 4 }),
}

// The transforms do not depend on how the products between them are computed, and those have a test of their own
// (kernels/matmul): each problem with the product that compiles fastest, one with all.
const cases = [
  ...problems.map((p) => ({ ...p, product: 'direct', choose: products.direct! })),
  ...Object.entries(products)
    .slice(1)
    .map(([product, choose]) => ({ ...wide, product, choose })),
]

function inputs(p: Problem) {
  const c: Conv2d = { ...p, ci: padded(p.ci), co: padded(p.co), kernel: 3, stride: 1 }
  const { oh, ow } = outputSize(c)
  // Rows of a filter that belong to padded input channels are zero too.
  const w = paddedNoise('w', 9 * c.ci, p.co).map((v, i) => (Math.floor(i / c.co) % c.ci < p.ci ? v : 0))
  const values = {
    x: asStored(paddedNoise('x', c.n * c.h * c.w, p.ci), p.type),
    w,
    dy: asStored(paddedNoise('dy', c.n * oh * ow, p.co), p.type),
  }
  const graph = new Graph()
  const tensors = {
    x: graph.activation('x', [c.n, c.h, c.w, c.ci], p.type),
    w: graph.activation('w', [3, 3, c.ci, c.co]),
    y: graph.activation('y', [c.n, oh, ow, c.co], p.type),
    dy: graph.activation('dy', [c.n, oh, ow, c.co], p.type),
    dx: graph.activation('dx', [c.n, c.h, c.w, c.ci], p.type),
    dw: graph.activation('dw', [3, 3, c.ci, c.co]),
  }
  return { c, oh, ow, ...values, tensors, graph, loops: { ...c, kh: 3, kw: 3 } satisfies reference.Convolution }
}

type Values = Map<Tensor, Float64Array | Float32Array>

/** Runs what `lower` emits, one kernel after the other; whatever was not written before holds NaN. */
async function run(
  values: Values,
  result: Tensor,
  lower: (l: Lowering) => void,
  target: Target = device.adapter,
): Promise<Float32Array<ArrayBuffer>> {
  const graph = new Graph()
  graph.add({ op: 'test', inputs: [], outputs: [result], lower })
  for (const { kernel, tensors } of graph.lower({ ...device.adapter, ...target })) {
    const bound = kernel.bindings.map(({ name }, i) => ({ name, tensor: tensors[i]! }))
    const contents = bound.map(({ name, tensor }) => [name, values.get(tensor) ?? elementsOf(tensor)] as const)
    const results = await runKernel(device, kernel, Object.fromEntries(contents))
    for (const { name, tensor } of bound) values.set(tensor, output(results, name))
  }
  return Float32Array.from(values.get(result)!)
}

const boundOf = (terms: number, sums: Float64Array): Float64Array =>
  sums.map((sum) => Math.sqrt(terms + 11) * epsilon * sum)
const magnitudes = { magnitudes: true }

test.each(cases)('$product: the forward pass of $name', async ({ choose, ...p }) => {
  const { c, x, w, loops, tensors: t } = inputs(p)
  const values: Values = new Map([
    [t.x, x],
    [t.w, w],
  ])
  const variant = { kind: 'winograd', product: choose('forward', c) } as const
  const y = await run(values, t.y, (l) => lowerForward(l, c, variant, [t.x, t.w, t.y]))
  const bound = boundOf(c.ci, winograd(loops, x, w, magnitudes))
  const expected = reference.conv2d(loops, x, w)
  expect(firstMismatch(y, expected, storedBound(bound, expected, c.type), t.y.shape)).toBeNull()
})

test.each(cases)('$product: the input gradient of $name', async ({ choose, ...p }) => {
  const { c, w, dy, loops, tensors: t } = inputs(p)
  const values: Values = new Map([
    [t.dy, dy],
    [t.w, w],
  ])
  const product = choose('inputGradient', c)
  const dx = await run(values, t.dx, (l) => lowerWinogradInputGradient(l, c, product, t.dy, t.w, t.dx))
  const back = adjoint(c)
  const turned = new Float64Array(w.length).map((_, i) => {
    const [tap, co, ci] = [Math.floor(i / (c.ci * c.co)), Math.floor(i / c.ci) % c.co, i % c.ci]
    return w[((8 - tap) * c.ci + ci) * c.co + co]!
  })
  const bound = boundOf(c.co, winograd({ ...back, kh: 3, kw: 3 }, dy, turned, magnitudes))
  const expected = reference.conv2dInputGradient(loops, dy, w)
  expect(firstMismatch(dx, expected, storedBound(bound, expected, c.type), t.dx.shape)).toBeNull()
})

const filterGradient = async (p: Problem, product: ProductVariant, target: Target) => {
  const { c, x, dy, loops, tensors: t } = inputs(p)
  const values: Values = new Map([
    [t.x, x],
    [t.dy, dy],
  ])
  const lower = (l: Lowering) => lowerWinogradFilterGradient(l, c, product, t.x, t.dy, t.dw)
  const dw = await run(values, t.dw, lower, target)
  const bound = boundOf(tilesOf(c), winogradFilterGradient(loops, x, dy, magnitudes))
  expect(firstMismatch(dw, reference.conv2dFilterGradient(loops, x, dy), bound, t.dw.shape)).toBeNull()
  return { dw, parts: [...values.keys()].find(({ name }) => name === 'test parts')?.shape[0] }
}

test.each(cases)('$product: the filter gradient of $name', async ({ choose, ...p }) => {
  await filterGradient(p, choose('filterGradient', inputs(p).c), device.adapter)
})

test('a filter gradient over many tiles goes in two parts', async () => {
  const p = { n: 2, h: 17, w: 16, ci: 4, co: 4, padding: 1 }
  const { parts } = await filterGradient(p, direct, { software: false, subgroupSize: null })
  expect(parts).toBe(2)
})

/** Tiles that reach over the edge or not; more tiles than finish well, by lines or by images of neighbouring rows. */
const followed = [
  { n: 3, h: 5, w: 7, ci: 4, co: 40, padding: 1 },
  { n: 2, h: 6, w: 4, ci: 4, co: 8, padding: 1 },
  { n: 5, h: 30, w: 29, ci: 4, co: 4, padding: 1 },
  { n: 6, h: 27, w: 30, ci: 4, co: 4, padding: 1 },
]

test.each(followed)('a batch norm finishes what $n images of $h × $w leave', async (p) => {
  const { c, oh, ow, x, w, tensors: t, graph } = inputs(p)
  const variant = { kind: 'winograd', product: direct } as const
  const { moments, block } = momentsLeft(variant, c)
  const parts = graph.activation('parts', [moments.parts, 2, c.co])
  const values: Values = new Map([
    [t.x, x],
    [t.w, w],
  ])
  const following = { epilogue: { kind: 'moments' } as Epilogue, reads: [], writes: [parts] }
  const y = await run(values, t.y, (l) => lowerForward(l, c, variant, [t.x, t.w, t.y], following))
  expect(y.every(Number.isFinite)).toBe(true)
  const b = { rows: c.n * oh * ow, channels: c.co }
  const fewer = fewerMoments(b, moments, block)
  expect(fewer !== null).toBe(moments.parts > 1024)
  let left = Float32Array.from(values.get(parts)!)
  if (fewer) {
    const merged = await runKernel(device, fewer.kernel, { parts: left, fewer: fewer.moments.parts * 2 * c.co })
    left = output(merged, 'fewer')
  }
  const [runningMean, runningVariance] = [paddedNoise('mean', 1, c.co), new Float64Array(c.co).fill(1.5)]
  const ones = new Float64Array(c.co).fill(1)
  const expected = batchNormTraining(b, Float64Array.from(y), ones, ones, runningMean, runningVariance)
  const contents = { parts: left, saved: 2 * c.co, runningMean, runningVariance }
  const finished = await runKernel(device, batchNormFinish(b, fewer?.moments ?? moments), contents)
  expect(relativeError(output(finished, 'runningMean'), expected.runningMean)).toBeLessThan(16 * epsilon)
  expect(relativeError(output(finished, 'runningVariance'), expected.runningVariance)).toBeLessThan(32 * epsilon)
})

test('a result is normalised by the running statistics, and joins a shortcut, on the way out', async () => {
  const { c, oh, ow, x, w, tensors: t, graph } = inputs(followed[0]!)
  const variant = { kind: 'winograd', product: direct } as const
  const vector = (name: string, values: Float64Array) => ({ tensor: graph.activation(name, [c.co]), values })
  const vectors = [
    vector('running mean', paddedNoise('mean', 1, c.co)),
    vector(
      'running variance',
      paddedNoise('variance', 1, c.co).map((v) => Math.fround(1.5 + v)),
    ),
    vector('gamma', paddedNoise('gamma', 1, c.co)),
    vector('beta', paddedNoise('beta', 1, c.co)),
  ]
  const shortcut = { tensor: graph.activation('shortcut', t.y.shape), values: paddedNoise('s', c.n * oh * ow, c.co) }
  const extra = [...vectors, shortcut]
  const values = (): Values =>
    new Map([[t.x, x], [t.w, w], ...extra.map(({ tensor, values }) => [tensor, values] as const)])
  const plain = await run(values(), t.y, (l) => lowerForward(l, c, variant, [t.x, t.w, t.y]))
  const epilogue: Epilogue = { kind: 'normalise', tail: 'shortcut' }
  const following = { epilogue, reads: extra.map(({ tensor }) => tensor), writes: [] }
  const z = await run(values(), t.y, (l) => lowerForward(l, c, variant, [t.x, t.w, t.y], following))
  const [mean, variance, gamma, beta] = vectors.map((v) => v.values) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  const normalised = batchNormEvaluation({ channels: c.co }, Float64Array.from(plain), gamma, beta, mean, variance)
  const expected = normalised.map((v, i) => Math.max(v + shortcut.values[i]!, 0))
  const largest = Math.max(...normalised.map(Math.abs), 1)
  expect(firstMismatch(z, expected, 16 * epsilon * largest, t.y.shape)).toBeNull()
})

test.each(Object.entries(products))('%s: every pass gives the same bits each time', async (_, choose) => {
  const { c, x, w, dy, tensors: t } = inputs(wide)
  const values = (): Values =>
    new Map([
      [t.x, x],
      [t.w, w],
      [t.dy, dy],
    ])
  const forward = { kind: 'winograd', product: choose('forward', c) } as const
  const all = async () => [
    await run(values(), t.y, (l) => lowerForward(l, c, forward, [t.x, t.w, t.y])),
    await run(values(), t.dx, (l) => lowerWinogradInputGradient(l, c, choose('inputGradient', c), t.dy, t.w, t.dx)),
    await run(values(), t.dw, (l) => lowerWinogradFilterGradient(l, c, choose('filterGradient', c), t.x, t.dy, t.dw)),
  ]
  const once = await all()
  expect(await all()).toEqual(once)
})

test('Winograd is worth trying for 3 × 3 at stride 1 on many tiles that are mostly inside, and nothing else', () => {
  const c: Conv2d = { n: 16, h: 16, w: 16, ci: 64, co: 64, kernel: 3, stride: 1, padding: 1 }
  expect(winogradFits(c)).toBe(true)
  expect(winogradFits({ ...c, h: 7, w: 7 })).toBe(true)
  expect(winogradFits({ ...c, stride: 2 })).toBe(false)
  expect(winogradFits({ ...c, kernel: 1, padding: 0 })).toBe(false)
  expect(winogradFits({ ...c, h: 1, w: 1 })).toBe(false)
  expect(winogradFits({ ...c, h: 3, w: 3 })).toBe(false)
  expect(winogradFits({ ...c, ci: 4 })).toBe(false)
  expect(winogradFits({ ...c, n: 1, h: 4, w: 4 })).toBe(false)
  // 56 × 56 × 64 takes 784 tiles an image, of 4 KiB each: 41 images are 128 MiB.
  expect(winogradFits({ ...c, h: 56, w: 56, n: 41 })).toBe(true)
  expect(winogradFits({ ...c, h: 56, w: 56, n: 42 })).toBe(false)
})

test('other convolutions than 3 × 3 at stride 1 are refused', () => {
  const c: Conv2d = { n: 1, h: 8, w: 8, ci: 4, co: 4, kernel: 3, stride: 1, padding: 1 }
  expect(() => winogradInput({ ...c, stride: 2 })).toThrow(/stride 2 .* ask winogradFits/)
  expect(() => winogradFilter({ ...c, kernel: 5 })).toThrow(RangeError)
})

test('by rule of thumb, software adapters get Winograd where images are not small, and GPUs none', () => {
  const c: Conv2d = { n: 16, h: 16, w: 16, ci: 64, co: 64, kernel: 3, stride: 1, padding: 1 }
  const [software, gpu] = [true, false].map((software) => ({ software, subgroupSize: 8 })) as [Target, Target]
  const product = { kind: 'broadcast', lanes: 8, rows: 32 }
  for (const pass of ['forward', 'inputGradient', 'filterGradient'] as const) {
    expect(variantFor(pass, c, software)).toEqual({ kind: 'winograd', product })
    expect(variantFor(pass, { ...c, h: 4, w: 4, ci: 256, co: 256 }, software).kind).toBe('broadcast')
    expect(variantFor(pass, c, gpu).kind).toBe('tile')
    expect(winogradVariant(pass, c, gpu).product.kind).toBe('tile')
  }
})
