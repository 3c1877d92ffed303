/**
 * An adapter that binds little: what operations compute in windows is what they compute at once. Wherever a sum keeps its
 * order the bits are the same; a filter gradient is added up in other parts, and held by the bound of a sum of K products.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compile, createArena, Program } from '../compile/program.ts'
import { ParameterStore } from '../compile/store.ts'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { epsilon, firstMismatch } from '../kernels/testing.ts'
import * as reference from '../reference/conv2d.ts'
import { noise } from '../reference/formula-weights.ts'
import { packStep, stepScalars } from '../train/step-scalars.ts'
import { backward, Graph } from './graph.ts'
import { type BatchNormTensors, batchNormEvaluation, batchNormTraining } from './ops/batch-norm.ts'
import { convNormEvaluation, convNormTraining } from './ops/conv-norm.ts'
import { conv2d } from './ops/conv2d.ts'
import { dropout, normalise, relu } from './ops/elementwise.ts'
import { accumulate, average, optimize } from './ops/optimize.ts'
import { globalAvgPool, globalConcatPool, maxPool } from './ops/pool.ts'
import { bytesOf, elementsOf, type StoreBuffer, type Tensor } from './tensor.ts'
import { windows } from './windows.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const storeElements = 16384

/** A tensor of the store; `offset` in elements. */
const stored = (name: string, shape: number[], buffer: StoreBuffer = 'parameters', offset = 0): Tensor => ({
  name,
  shape,
  type: 'f32',
  place: { in: buffer, offset },
})

const vectors = (channels: number): BatchNormTensors => ({
  gamma: stored('gamma', [channels], 'parameters', 0),
  beta: stored('beta', [channels], 'parameters', 1024),
  runningMean: stored('running mean', [channels], 'states', 0),
  runningVariance: stored('running variance', [channels], 'states', 1024),
})

const contentsOf = ({ name, shape }: Pick<Tensor, 'name' | 'shape'>): Float64Array =>
  noise(name, elementsOf({ shape })).map((v) => Math.fround(name.includes('variance') ? 1.5 + v : v))

interface Results {
  values: Map<string, Float32Array>
  dispatches: number
}

/** What `build` returns of a graph, computed on an adapter that binds so many bytes, in memory that was full of NaN. */
async function run(build: (graph: Graph) => Tensor[], maxBindingBytes: number): Promise<Results> {
  const graph = new Graph()
  const results = build(graph)
  for (const tensor of results) if (tensor.place.in === 'arena') graph.keep(tensor)
  const compiled = compile(device, 'windows', graph, { target: { ...device.adapter, maxBindingBytes } })
  const store = new ParameterStore(device, storeElements, storeElements)
  const arena = await createArena(device, [compiled])
  device.gpu.queue.writeBuffer(arena, 0, new Float32Array(arena.size / 4).fill(Number.NaN))
  for (const buffer of ['parameters', 'states', 'gradients', 'gradientSums', 'moment1', 'moment2'] as const) {
    store.writeAll(buffer, new Float32Array(contentsOf({ name: `${buffer} variance`, shape: [storeElements] })))
  }
  const program = await Program.record(device, compiled, store, arena)
  for (const tensor of compiled.plan.io.keys()) {
    if (results.includes(tensor)) program.write(tensor, new Float32Array(elementsOf(tensor)).fill(Number.NaN))
    else if (tensor.name === 'step') program.write(tensor, scalars)
    else if (tensor.type === 'u32')
      program.write(tensor, new Uint32Array(contentsOf(tensor).map((v) => 2 ** 31 * (1 + v))))
    else program.write(tensor, new Float32Array(contentsOf(tensor)))
  }
  program.run(results.filter(({ place }) => place.in === 'program'))
  const values = new Map<string, Float32Array>()
  for (const tensor of results) {
    const inProgram = tensor.place.in === 'program'
    values.set(tensor.name, inProgram ? new Float32Array(await program.read(tensor)) : await store.read(tensor))
  }
  device.check()
  program.destroy()
  arena.destroy()
  store.destroy()
  return { values, dispatches: compiled.dispatches.length }
}

const scalars = packStep({
  seed: 3,
  step: 1,
  update: 1,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-5,
  decay: 0.1,
  rates: [0.1, 0.1, 0.1],
  averageRate: 0.1,
})

const stepOf = (graph: Graph): Tensor => graph.io('step', [stepScalars.words], 'u32')

/** Gradients of `wanted` where that of y is noise, with y itself. */
function withGradients(graph: Graph, y: Tensor, wanted: Tensor[]): Tensor[] {
  const before = graph.nodes.length
  backward(graph, y, graph.io('dy', y.shape), new Set(wanted))
  const made = graph.nodes.slice(before).flatMap(({ outputs }) => outputs)
  return [y, ...made]
}

/** A convolution of 1 × 1 on 8 channels. */
const square = stored('square', [1, 1, 8, 8], 'parameters', 2048)

const input = (graph: Graph, shape: number[]): Tensor => graph.io('x', shape)

const cases: [name: string, imageBytes: number, build: (graph: Graph) => Tensor[]][] = [
  [
    'pixels are normalised',
    8 * 8 * 16,
    (graph) => [normalise(graph, graph.io('pixels', [5, 8, 8], 'u32'), [0.4, 0.5, 0.6], [0.2, 0.3, 0.25])],
  ],
  [
    'a batch norm in evaluation',
    8 * 8 * 8 * 4,
    (graph) => [batchNormEvaluation(graph, input(graph, [5, 8, 8, 8]), vectors(8))],
  ],
  [
    'a convolution with its batch norm and shortcut in evaluation',
    8 * 8 * 8 * 4,
    (graph) => {
      const convolution = { x: input(graph, [5, 8, 8, 8]), filter: square }
      return [convNormEvaluation(graph, convolution, vectors(8), { shortcut: graph.io('shortcut', [5, 8, 8, 8]) })]
    },
  ],
  [
    'a ReLU, a max pool and their gradients',
    6 * 6 * 16 * 4,
    (graph) => {
      const x = input(graph, [5, 6, 6, 16])
      return withGradients(graph, maxPool(graph, relu(graph, x)), [x])
    },
  ],
  [
    'means and maxima of feature maps with their gradients',
    3 * 5 * 64 * 4,
    (graph) => {
      const x = input(graph, [5, 3, 5, 64])
      return withGradients(graph, globalConcatPool(graph, x), [x])
    },
  ],
  [
    'means of feature maps with their gradients',
    3 * 5 * 64 * 4,
    (graph) => {
      const x = input(graph, [5, 3, 5, 64])
      return withGradients(graph, globalAvgPool(graph, x), [x])
    },
  ],
  [
    'dropout, which draws the same numbers,',
    3 * 3 * 64 * 4,
    (graph) => {
      const x = input(graph, [5, 3, 3, 64])
      return withGradients(graph, dropout(graph, x, stepOf(graph), 0.4, 1), [x])
    },
  ],
  [
    'an update of parameters',
    512,
    (graph) => {
      const range = { offset: 256, elements: 640 }
      const scalars = { step: stepOf(graph), lossScale: null, clip: null }
      optimize(graph, 'adamw', { ...range, group: 0, decay: true }, 'gradients', scalars)
      return [stored('parameters', [1024]), stored('m', [1024], 'moment1'), stored('v', [1024], 'moment2')]
    },
  ],
  [
    'gathered gradients, and averaged weights',
    512,
    (graph) => {
      const step = stepOf(graph)
      accumulate(graph, { offset: 256, elements: 640 }, step)
      average(graph, 'parameters', 1024, step)
      return [stored('sums', [1024], 'gradientSums'), stored('averages', [1024], 'averageParameters')]
    },
  ],
]

/** Two images, of five, to a window: the last one is another shape. */
test.each(cases)('%s has the same bits in windows', async (_, imageBytes, build) => {
  const whole = await run(build, 2 ** 27)
  const windowed = await run(build, 2 * imageBytes)
  expect(windowed.dispatches).toBeGreaterThan(whole.dispatches)
  for (const [name, values] of whole.values) {
    expect(values.every(Number.isFinite), name).toBe(true)
    expect(firstMismatch(windowed.values.get(name) ?? [], values, 0, [values.length]), name).toBeNull()
  }
})

const normalised: [name: string, build: (graph: Graph) => Tensor[]][] = [
  [
    'a batch norm',
    (graph) => {
      const x = input(graph, [5, 8, 8, 8])
      const t = vectors(8)
      const all = withGradients(graph, batchNormTraining(graph, x, t), [x, t.gamma, t.beta])
      return [...all, t.runningMean, t.runningVariance]
    },
  ],
  [
    'a convolution with its batch norm and ReLU',
    (graph) => {
      const x = input(graph, [5, 8, 8, 8])
      const t = vectors(8)
      const z = convNormTraining(graph, { x, filter: square }, t, 'relu')
      return [...withGradients(graph, z, [x, square, t.gamma, t.beta]), t.runningMean, t.runningVariance]
    },
  ],
  [
    'a convolution with its batch norm and a shortcut, whose gradients add up,',
    (graph) => {
      const x = input(graph, [5, 8, 8, 8])
      const t = vectors(8)
      const z = convNormTraining(graph, { x, filter: square }, t, { shortcut: relu(graph, x) })
      return withGradients(graph, z, [x, square, t.gamma, t.beta])
    },
  ],
]

test.each(normalised)('%s in training has the same numbers in windows', async (_, build) => {
  const whole = await run(build, 2 ** 27)
  const windowed = await run(build, 2 * 8 * 8 * 8 * 4)
  expect(windowed.dispatches).toBeGreaterThan(whole.dispatches)
  // Statistics of 320 rows are merged in other parts: sums of as many squares, of magnitudes near 1, and what follows from them.
  const relative = 16 * Math.sqrt(2 * 320) * epsilon
  for (const [name, values] of whole.values) {
    expect(values.every(Number.isFinite), name).toBe(true)
    const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
    expect(firstMismatch(windowed.values.get(name) ?? [], values, relative * largest, [values.length]), name).toBeNull()
  }
})

test('a strided convolution has the same bits in windows, its filter gradient the same sum', async () => {
  // A part of the filter's gradient takes 3456 bytes: every second one may begin a binding.
  const c = { n: 4, h: 8, w: 8, ci: 12, co: 8, kernel: 3, kh: 3, kw: 3, stride: 2, padding: 1 }
  const { oh, ow } = reference.outputSize(c)
  const filter = stored('filter', [c.kernel, c.kernel, c.ci, c.co])
  const build = (graph: Graph): Tensor[] => {
    const x = input(graph, [c.n, c.h, c.w, c.ci])
    return withGradients(graph, conv2d(graph, { ...c, x, filter }), [x, filter])
  }
  const whole = await run(build, 2 ** 27)
  const windowed = await run(build, 2 * 4 * Math.max(c.h * c.w * c.ci, oh * ow * c.co))
  expect(windowed.dispatches).toBeGreaterThan(whole.dispatches + 2)

  const x = contentsOf({ name: 'x', shape: [c.n, c.h, c.w, c.ci] })
  const dy = contentsOf({ name: 'dy', shape: [c.n, oh, ow, c.co] })
  const sizes = reference.conv2dFilterGradient(c, x.map(Math.abs), dy.map(Math.abs))
  const dw = {
    expected: reference.conv2dFilterGradient(c, x, dy),
    bound: sizes.map((sum) => Math.sqrt(2 * c.n * oh * ow) * epsilon * sum),
  }
  for (const [name, values] of windowed.values) {
    const { expected, bound } = name === 'd filter' ? dw : { expected: whole.values.get(name) ?? [], bound: 0 }
    expect(firstMismatch(values, expected, bound, [values.length]), name).toBeNull()
  }
})

test('windows are few and equal, begin where a binding may, and are the tensors themselves where these fit', () => {
  const graph = new Graph()
  const x = graph.activation('x', [64, 7, 7, 4]) // 784 bytes an image: every 16th may begin a binding
  const y = graph.activation('y', [64, 100])
  const images = (limit: number) => windows(limit, x, y).map((window) => window.images)
  expect(images(64 * 784)).toEqual([64])
  expect(windows(64 * 784, x, y)[0]?.view(x)).toBe(x)
  expect(images(64 * 784 - 1)).toEqual([64 - 32, 32])
  expect(images(40 * 784)).toEqual([32, 32])
  expect(images(16 * 784)).toEqual([16, 16, 16, 16])
  for (const { view } of windows(16 * 784, x, y)) {
    for (const tensor of [view(x), view(y)]) {
      if (tensor.place.in !== 'view') throw new Error('not a view')
      expect(bytesOf({ ...tensor, shape: [tensor.place.offset] }) % 256).toBe(0)
      expect(bytesOf(tensor)).toBeLessThanOrEqual(16 * 784)
    }
  }
})
