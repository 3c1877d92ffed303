import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Compiled, compile } from '../compile/program.ts'
import { spread } from '../compile/timing.ts'
import { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { evaluationGraph, trainingGraph } from '../train/graphs.ts'
import { benchInference, fitBatch } from './infer.ts'
import { timesByKernel } from './kernel-times.ts'
import { benchKernels, forGpu } from './kernels.ts'
import { benchNetwork } from './network.ts'
import { chromeTrace } from './trace.ts'
import { benchTraining } from './train.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

/** The learner's tests have the same shapes, which drivers with a cache on disk then compile once. */
const tiny = { arch: 'resnet18', size: 32, batch: 8 } as const

test('the spread of times is their middle and their ends', () => {
  expect(spread([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 })
  expect(spread([4, 1, 2, 9])).toEqual({ median: 3, min: 1, max: 9 })
  expect(spread([7])).toEqual({ median: 7, min: 7, max: 7 })
  expect(() => spread([])).toThrow('nothing was measured')
})

test('a training bench agrees with the plan, with the cost model and with itself', async () => {
  const { result, timeline } = await benchTraining(device, { ...tiny, steps: 3, warmUp: 1 })
  const model = benchNetwork(tiny.arch)
  const { graph } = trainingGraph(model, tiny, { optimizer: 'adamw', labelSmoothing: 0.1, frozen: false })
  const { dispatches, plan } = compile(device, 'training step', graph)
  const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0)

  expect(result).toMatchObject({ ...tiny, steps: 3, dispatches: dispatches.length, adapter: device.adapter })
  expect(result.flops).toBe(sum(dispatches.map(({ kernel }) => kernel.flops)))
  // Parameters, gradients and two moments; running statistics; activations; what the CPU writes and reads.
  expect(result.peakBytes).toBe(4 * (4 * model.elements + model.stateElements) + plan.arenaBytes + plan.ioBytes)
  const { median, min, max } = result.stepMs
  expect([min, median, max].sort((a, b) => a - b)).toEqual([min, median, max])
  expect(result.imagesPerSecond * median).toBeCloseTo(8000, 6)
  expect(result.gflops * median * 1e6).toBeCloseTo(result.flops, 0)
  expect(result.shareOfPeak * result.peakGflops).toBeCloseTo(result.gflops, 9)
  expect(result.jsMs).toBeGreaterThan(0)
  expect(result.jsMs).toBeLessThan(max)

  if (!device.gpu.features.has('timestamp-query')) {
    expect([result.kernels, timeline]).toEqual([null, null])
    return
  }
  expect(timeline?.map(({ kernel }) => kernel.name)).toEqual(dispatches.map(({ kernel }) => kernel.name))
  for (const { startMs, endMs } of timeline ?? []) expect(endMs).toBeGreaterThanOrEqual(startMs)
  const kernels = result.kernels ?? []
  expect(sum(kernels.map(({ count }) => count))).toBe(dispatches.length)
  expect(sum(kernels.map(({ share }) => share))).toBeCloseTo(1, 9)
  expect(sum(kernels.map(({ gflops, ms }) => gflops * ms * 1e6))).toBeCloseTo(result.flops, -1)
  const trace = chromeTrace('a step', device.adapter.name, timeline ?? [])
  const slices = trace.traceEvents.filter((event) => event.ph === 'X')
  expect(slices.map(({ name }) => name)).toEqual(dispatches.map(({ kernel }) => kernel.name))
  expect(sum(slices.map(({ dur }) => dur)) / 1000).toBeCloseTo(sum(kernels.map(({ ms }) => ms)), 6)
})

test('kernels of one name are one line, with rates over their summed time', () => {
  const kernel = { name: 'a', wgsl: '', bindings: [], workgroups: [1, 1, 1], flops: 3e6, bytes: 1e6 } as const
  const times = timesByKernel([
    { kernel, startMs: 0, endMs: 1 },
    { kernel: { ...kernel, name: 'b' }, startMs: 1, endMs: 7 },
    { kernel, startMs: 7, endMs: 8 },
  ])
  expect(times).toEqual([
    { name: 'b', count: 1, ms: 6, gflops: 0.5, gbps: 1e6 / 6 / 1e6, share: 0.75 },
    { name: 'a', count: 2, ms: 2, gflops: 3, gbps: 1, share: 0.25 },
  ])
})

test('every convolution of a step is timed by itself, in each of its passes', async () => {
  const { convolutions, peakGflops } = await benchKernels(device, { ...tiny, runs: 2 })
  const { graph } = trainingGraph(benchNetwork(tiny.arch), tiny, {
    optimizer: 'adamw',
    labelSmoothing: 0,
    frozen: false,
  })
  const { dispatches } = compile(device, 'training step', graph)
  // Twenty convolutions and the head's two linear layers; the images need no gradient.
  const count = (pass: string): number =>
    convolutions.filter((c) => c.pass === pass).reduce((sum, c) => sum + c.count, 0)
  expect([count('forward'), count('inputGradient'), count('filterGradient')]).toEqual([22, 21, 22])
  const layers = [...benchNetwork(tiny.arch).parameters.keys()].map((name) => name.replace(/\.weight$/, ''))
  for (const { layer } of convolutions) expect(layers).toContain(layer)
  const stem = convolutions.find(({ pass, layer }) => pass === 'forward' && layer === 'conv1')
  // 8 images, 16 × 16 pixels, 7 × 7 taps, three channels stored as four, 64 filters.
  expect(stem).toMatchObject({ count: 1, flops: 2 * 8 * 16 * 16 * 7 * 7 * 4 * 64 })
  for (const { ms, flops, gflops, shareOfPeak } of convolutions) {
    expect(gflops * ms.median * 1e6).toBeCloseTo(flops, 0)
    expect(shareOfPeak).toBeCloseTo(gflops / peakGflops, 9)
  }
  expect(dispatches.filter(({ kernel }) => kernel.name.startsWith('conv2d.')).length).toBeGreaterThanOrEqual(65)
})

test("for a GPU, a step's convolutions are those that a GPU would get, whatever adapter lowers it", () => {
  const { graph } = trainingGraph(benchNetwork(tiny.arch), tiny, {
    optimizer: 'adamw',
    labelSmoothing: 0,
    frozen: false,
  })
  const names = (lowered: Pick<Compiled, 'dispatches'>): string[] => lowered.dispatches.map(({ kernel }) => kernel.name)
  const onGpu = names({ dispatches: graph.lower({ ...device.adapter, software: false }) })
  const onSoftware = names({ dispatches: graph.lower({ ...device.adapter, software: true }) })
  expect(names(forGpu(device, 'step', graph))).toEqual(onGpu)
  expect(names(compile(device, 'step', graph))).toEqual(device.adapter.software ? onSoftware : onGpu)
})

test('a sample is timed in one batch, with the memory of its program', async () => {
  const { samples } = await benchInference(device, { ...tiny, images: [8] })
  expect(samples).toHaveLength(1)
  for (const sample of samples) {
    const { batch, capped, inferenceSeconds, totalSeconds, perImageMs, compileMs } = sample
    expect({ batch, capped }).toEqual({ batch: 8, capped: null })
    expect(perImageMs).toBeCloseTo((1000 * inferenceSeconds) / 8, 9)
    expect(totalSeconds).toBeGreaterThanOrEqual(inferenceSeconds + compileMs / 1000)
    expect(sample.warmUpMs).toBeGreaterThan(0)
    // Node alone takes more than this.
    expect(sample.processPeakBytes).toBeGreaterThan(2 ** 25)
  }
})

test('a sample beyond the memory goes in the fewest equal batches that fit, and says why', async () => {
  const model = benchNetwork(tiny.arch)
  const { plan } = compile(device, 'inference', evaluationGraph(model, { ...tiny, batch: 160 }).graph)
  const tight = new Device(device.gpu, { ...device.adapter, maxBufferBytes: plan.arenaBytes - 1 }, {})
  const { batch, capped, arena } = await fitBatch(tight, model, tiny.size, 160)
  arena.destroy()
  expect(batch).toBe(80)
  expect(capped).toContain('in one buffer, and')
  const none = new Device(device.gpu, { ...device.adapter, maxBindingBytes: 2 ** 20 }, {})
  await expect(fitBatch(none, model, tiny.size, 3)).rejects.toMatchObject({ code: 'OUT_OF_MEMORY' })
})
