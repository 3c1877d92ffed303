import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CompileOptions, compile, createArena, Program } from '../compile/program.ts'
import { ParameterStore } from '../compile/store.ts'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { backward, Graph } from '../graph/graph.ts'
import type { BatchNormTensors, Follow } from '../graph/ops/batch-norm.ts'
import { convNormTraining } from '../graph/ops/conv-norm.ts'
import { type Convolution, conv2d } from '../graph/ops/conv2d.ts'
import { crossEntropy } from '../graph/ops/cross-entropy.ts'
import { normalise } from '../graph/ops/elementwise.ts'
import { lossScaleTensor } from '../graph/ops/loss-scale.ts'
import { globalConcatPool, maxPool } from '../graph/ops/pool.ts'
import { elementsOf, type Tensor } from '../graph/tensor.ts'
import type { ActivationType } from '../kernels/kernel.ts'
import { initialLossScale, lossScaleWords } from '../kernels/loss-scale.ts'
import { ResNet } from '../nn/resnet.ts'
import { noise } from '../reference/formula-weights.ts'
import { initialiseWeights } from '../weights/state-dict.ts'
import { RunFolder } from './checkpoint.ts'
import { trainingGraph } from './graphs.ts'
import { Learner } from './learner.ts'
import type { EpochRecord, Precision, TrainSpec } from './spec.ts'
import { packStep } from './step-scalars.ts'
import { colouredSource } from './testing.ts'

let device: Device
let dir: string
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-mixed-'))
})
afterAll(async () => {
  await device.destroy()
  await rm(dir, { recursive: true, force: true })
})

const images = colouredSource(8, 32)
const model = new ResNet({ arch: 'resnet18', classes: images.classes, head: 'concat' })
const batch = 8
const step = { optimizer: 'adamw', labelSmoothing: 0.1, frozen: false } as const

interface Steps {
  /** Default 1. */
  steps?: number
  /** The loss scale that they begin with. */
  scale: number
  options?: CompileOptions
}

/** Steps of AdamW on the same images and weights, in an arena full of NaN, f16 or f32: what they leave in the store. */
async function train({ steps = 1, scale, options = {} }: Steps) {
  const { graph, ...io } = trainingGraph(model, { batch, size: 32 }, { ...step, precision: 'mixed' })
  const compiled = compile(device, 'step', graph, options)
  const store = new ParameterStore(device, model.elements, model.stateElements)
  const arena = await createArena(device, [compiled])
  device.gpu.queue.writeBuffer(arena, 0, new Uint32Array(arena.size / 4).fill(0x7fff7fff))
  initialiseWeights(model, store, 7)
  store.writeAll('lossScale', initialLossScale().fill(scale, lossScaleWords.scale, lossScaleWords.scale + 1))
  const before = await store.readAll('parameters')
  const program = await Program.record(device, compiled, store, arena)
  const pixels = new Uint8Array(batch * 32 * 32 * 4)
  await images.read([0, 1, 2, 3, 4, 5, 6, 7], pixels)
  program.write(io.pixels, pixels)
  program.write(io.labels, images.labels.subarray(0, batch))
  for (let i = 0; i < steps; i++) {
    const values = { seed: 7, step: i, update: i + 1, beta1: 0.9, beta2: 0.99, epsilon: 1e-5, decay: 0.01 }
    program.write(io.step, packStep({ ...values, rates: [1e-3, 1e-3, 1e-3] }))
    program.run([io.losses])
  }
  const after = {
    losses: new Float32Array(await program.read(io.losses)).slice(0, steps),
    before,
    parameters: await store.readAll('parameters'),
    gradients: await store.readAll('gradients'),
    moments: await store.readAll('moment1'),
    lossScale: await store.readAll('lossScale'),
  }
  program.destroy()
  arena.destroy()
  store.destroy()
  return after
}

const norm = (values: Float32Array): number => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0))

/** A network of every operation that meets f16: a stem, a max pool, a block with a projected shortcut and one without, the global pool. */
function smallNetwork() {
  const norms = [8, 16, 16, 16, 16, 16]
  const filters = [
    [3, 3, 4, 8],
    [3, 3, 8, 16],
    [3, 3, 16, 16],
    [1, 1, 8, 16],
    [3, 3, 16, 16],
    [3, 3, 16, 16],
    [1, 1, 32, 4],
  ]
  let [offset, stateOffset] = [0, 0]
  const parameter = (name: string, shape: readonly number[]): Tensor => {
    const tensor: Tensor = { name, shape, type: 'f32', place: { in: 'parameters', offset } }
    offset += 64 * Math.ceil(elementsOf(tensor) / 64)
    return tensor
  }
  const state = (channels: number): Tensor => {
    const tensor: Tensor = {
      name: 'running',
      shape: [channels],
      type: 'f32',
      place: { in: 'states', offset: stateOffset },
    }
    stateOffset += 64
    return tensor
  }
  const w = filters.map((shape, i) => parameter(`filter ${i}`, shape)) as Tensor[]
  const bn = norms.map(
    (channels, i): BatchNormTensors => ({
      gamma: parameter(`gamma ${i}`, [channels]),
      beta: parameter(`beta ${i}`, [channels]),
      runningMean: state(channels),
      runningVariance: state(channels),
    }),
  )
  const parameters = [...w, ...bn.flatMap(({ gamma, beta }) => [gamma, beta])]
  return { w, bn, parameters, elements: offset, stateElements: stateOffset }
}

/** Loss, and gradients by parameter, of the small network on noise. */
async function smallStep(type: ActivationType) {
  const { w, bn, parameters, elements, stateElements } = smallNetwork()
  const [n, size] = [8, 32]
  const graph = new Graph()
  const pixels = graph.io('pixels', [n, size, size], 'u32')
  const labels = graph.io('labels', [n], 'u32')
  const lossScale = type === 'f16' ? lossScaleTensor() : null
  const conv = (x: Tensor, i: number, stride = 1): Convolution => {
    const filter = w[i]!
    return { x, filter, stride, padding: filter.shape[0] === 3 ? 1 : 0 }
  }
  const normed = (convolution: Convolution, i: number, follow: Follow = null): Tensor =>
    convNormTraining(graph, convolution, bn[i]!, follow)
  const input = normalise(graph, pixels, [0.5, 0.5, 0.5], [0.25, 0.25, 0.25], type)
  const x = maxPool(graph, normed(conv(input, 0), 0, 'relu'))
  const shortcut = normed(conv(x, 3, 2), 3)
  const y = normed(conv(normed(conv(x, 1, 2), 1, 'relu'), 2), 2, { shortcut })
  const z = normed(conv(normed(conv(y, 4), 4, 'relu'), 5), 5, { shortcut: y })
  const logits = conv2d(graph, conv(globalConcatPool(graph, z), 6))
  const loss = crossEntropy(graph, logits, labels, 4, 0.1, null, lossScale)
  const losses = graph.keep(loss.losses)
  backward(graph, logits, loss.dlogits, new Set(parameters))

  const compiled = compile(device, 'small network', graph)
  const store = new ParameterStore(device, elements, stateElements)
  const arena = await createArena(device, [compiled])
  store.writeAll('lossScale', initialLossScale().fill(1024, 0, 1))
  for (const tensor of parameters) {
    const fanIn = elementsOf(tensor) / (tensor.shape.at(-1) ?? 1)
    const values = Float32Array.from(noise(tensor.name, elementsOf(tensor)), (v) =>
      tensor.shape.length === 4 ? v * Math.sqrt(6 / fanIn) : 1 + v / 2,
    )
    store.write(tensor, values)
  }
  const program = await Program.record(device, compiled, store, arena)
  program.write(
    pixels,
    Uint8Array.from(noise('pixels', n * size * size * 4), (v) => 128 + 127 * v),
  )
  program.write(
    labels,
    Uint32Array.from({ length: n }, (_, i) => i % 4),
  )
  program.run([losses])
  const mean = new Float32Array(await program.read(losses)).reduce((sum, v) => sum + v, 0) / n
  const scale = lossScale ? 1024 : 1
  const gradients = new Map<string, Float32Array>()
  for (const tensor of parameters) {
    const { offset } = tensor.place as { offset: number }
    const flat = await store.readAll('gradients')
    gradients.set(
      tensor.name,
      flat.slice(offset, offset + elementsOf(tensor)).map((g) => g / scale),
    )
  }
  program.destroy()
  arena.destroy()
  store.destroy()
  return { mean, gradients }
}

test('a small network has the loss and the gradients in f16 that it has in f32', async () => {
  const plain = await smallStep('f32')
  const mixed = await smallStep('f16')
  expect(Math.abs(mixed.mean / plain.mean - 1)).toBeLessThan(3e-3)
  // What f16 rounds, by 2⁻¹¹ each, lies some forty deep on a path: √40 · 2⁻¹¹ is .3 %. The stem's filter sums 8192 pixels of either
  // sign and keeps a tenth of their magnitude; a ReLU or a maximum that turns over adds a little.
  const apart = [...plain.gradients].filter(([name, wanted]) => {
    const gradient = mixed.gradients.get(name)!
    return !(norm(gradient.map((g, i) => g - wanted[i]!)) < 0.03 * norm(wanted))
  })
  expect(apart.map(([name]) => name)).toEqual([])
})

test('an infinite gradient changes no parameter and no moment, and halves the scale', async () => {
  const overflowed = await train({ scale: 2 ** 60 })
  expect(overflowed.gradients.some((g) => !Number.isFinite(g))).toBe(true)
  expect(overflowed.losses[0]).toBeGreaterThan(0)
  expect(overflowed.parameters).toEqual(overflowed.before)
  expect(overflowed.moments.every((m) => m === 0)).toBe(true)
  expect([...overflowed.lossScale.slice(0, 4)]).toEqual([2 ** 59, 0, 0, 0])

  const good = await train({ scale: 1024 })
  expect(good.parameters).not.toEqual(good.before)
  expect([...good.lossScale.slice(0, 4)]).toEqual([1024, 1, 1, 1 / 1024])
})

test('thirty steps, some of them left out, give the same bits twice, the second time making activations again', async () => {
  const once = await train({ steps: 30, scale: 2 ** 20 })
  expect(once.losses.every(Number.isFinite)).toBe(true)
  // A scale that the first steps halve until nothing overflows.
  const made = once.lossScale[lossScaleWords.updates]!
  expect(made).toBeGreaterThan(20)
  expect(once.lossScale[lossScaleWords.scale]).toBe(2 ** (20 - (30 - made)))
  expect(made).toBeLessThan(30)
  expect(once.losses.at(-1)).toBeLessThan(0.6 * once.losses[0]!)
  expect(await train({ steps: 30, scale: 2 ** 20, options: { recompute: true } })).toEqual(once)
})

const createLearner = (): Promise<Learner> =>
  Learner.create(device, model, { train: images, valid: colouredSource(4, 32, 2), batch, seed: 7, precision: 'mixed' })

/** What going on depends on. */
const stateOf = async ({ store }: Learner) => ({
  parameters: await store.readAll('parameters'),
  states: await store.readAll('states'),
  moments: await store.readAll('moment2'),
  lossScale: await store.readAll('lossScale'),
})

test('a run that goes on from its checkpoint ends with the bits of one that was left alone', async () => {
  const fit = { epochs: 2, rate: 1e-3 }
  const whole = await createLearner()
  for await (const _ of whole.fit(fit));
  const expected = await stateOf(whole)
  whole.destroy()

  const folder = new RunFolder(join(dir, 'run'))
  const stopped = await createLearner()
  for await (const epoch of stopped.fit(fit)) {
    const spec = { optimizer: 'adamw', precision: 'mixed' } as TrainSpec
    const position = { spec, classes: images.classes, progress: stopped.progress, history: [epoch], images: '' }
    await folder.savePosition(stopped, position)
    break
  }
  // The first step overflows at the first scale: what is saved is no longer what a fresh learner has.
  const { lossScale } = await stateOf(stopped)
  expect(lossScale[lossScaleWords.scale]).toBeLessThan(65536)
  stopped.destroy()

  const resumed = await createLearner()
  const saved = await folder.readPosition()
  saved?.restore(resumed)
  const epochs: EpochRecord[] = []
  for await (const epoch of resumed.fit({ ...fit, done: 1 })) epochs.push(epoch)
  expect(epochs.map(({ epoch }) => epoch)).toEqual([1])
  expect(await stateOf(resumed)).toEqual(expected)
  resumed.destroy()
})

test('an adapter without shader-f16 is refused mixed precision, by name and with the way out', () => {
  const features = device.adapter.features.filter((feature) => feature !== 'shader-f16')
  const lacking = Object.create(device, { adapter: { value: { ...device.adapter, features } } }) as Device
  const graph = (precision: Precision) => trainingGraph(model, { batch, size: 32 }, { ...step, precision }).graph
  expect(() => compile(lacking, 'training step', graph('mixed'))).toThrowError(
    expect.objectContaining({ code: 'BAD_CONFIG', message: expect.stringMatching(/shader-f16.*use precision f32/) }),
  )
  expect(compile(lacking, 'training step', graph('f32')).dispatches.length).toBeGreaterThan(0)
})
