import { type Augmenting, augments, drawBatch, unchanged } from '../augment/batch.ts'
import { mixes } from '../augment/mix.ts'
import { withArena } from '../compile/fit.ts'
import { compile, type DispatchTime, Program } from '../compile/program.ts'
import { ParameterStore } from '../compile/store.ts'
import { hasTimestamps, type Spread, spread } from '../compile/timing.ts'
import { EngineError } from '../errors.ts'
import type { AdapterInfo, Device } from '../gpu/device.ts'
import { Pacer } from '../gpu/pacing.ts'
import { initialLossScale } from '../kernels/loss-scale.ts'
import type { Arch } from '../nn/resnet.ts'
import { lossSlots, type TrainingGraph, trainingGraph } from '../train/graphs.ts'
import type { Precision } from '../train/spec.ts'
import { packStep } from '../train/step-scalars.ts'
import { initialiseWeights } from '../weights/state-dict.ts'
import { type KernelTime, perMs, timesByKernel } from './kernel-times.ts'
import type { BenchProgress } from './measure.ts'
import { benchNetwork, fillPixels, syntheticLabels } from './network.ts'
import { measurePeak } from './peak.ts'

export interface TrainingBenchOptions {
  arch: Arch
  /** Side of the images, in pixels. */
  size: number
  batch: number
  /** How activations are stored. Default f32. */
  precision?: Precision
  /** What happens to the images, which come at `size`. Default nothing. */
  augmenting?: Augmenting
  /** Measured steps; `warmUp` more go before them. */
  steps: number
  /** Default 3: the first may still compile, the next two teach the pacer how long to sleep. */
  warmUp?: number
  onProgress?: BenchProgress
}

export interface TrainingBench {
  adapter: AdapterInfo
  arch: Arch
  size: number
  batch: number
  precision: Precision
  steps: number
  /** By the median step. */
  imagesPerSecond: number
  /** From the first write of a step to its completion on the device. */
  stepMs: Spread
  /** Median time of the JavaScript that writes and submits a step. */
  jsMs: number
  /** Of one step, by the cost model. */
  flops: number
  bytes: number
  /** GFLOP/s of the median step, and the adapter's peak in this run. */
  gflops: number
  peakGflops: number
  shareOfPeak: number
  /** Device memory: parameters, gradients, moments, activations, inputs. */
  peakBytes: number
  /** Until every pipeline was there; what a driver keeps on disk makes it shorter the next time. */
  compileMs: number
  pipelines: number
  dispatches: number
  /** Null where the adapter has no timestamp-query. */
  kernels: KernelTime[] | null
}

/**
 * Times whole training steps (forward, loss, backward, AdamW; the body not frozen) on synthetic images, each synchronised.
 * `timeline` is one step of median length by dispatch, null without timestamp-query. Expects the device to itself. Throws
 * OUT_OF_MEMORY as training would, and DIVERGED where the steps do not compute finite losses.
 */
export async function benchTraining(
  device: Device,
  options: TrainingBenchOptions,
): Promise<{ result: TrainingBench; timeline: DispatchTime[] | null }> {
  const {
    arch,
    size,
    batch,
    precision = 'f32',
    augmenting = unchanged,
    steps,
    warmUp = 3,
    onProgress = () => {},
  } = options
  const model = benchNetwork(arch)
  const augment = augments(augmenting) ? { source: size, mixes: mixes(augmenting) } : null
  const plan = (batch: number) => {
    const options = { optimizer: 'adamw', labelSmoothing: 0.1, frozen: false, precision, augment } as const
    const training = trainingGraph(model, { batch, size }, options)
    const compiled = compile(device, 'training step', training.graph)
    return { training, compiled, programs: [compiled] }
  }
  const peakBefore = await measurePeak(device)
  const pipelinesBefore = device.pipelines.size
  const store = new ParameterStore(device, model.elements, model.stateElements)
  await store.allocate('parameters', 'states', 'gradients', 'moment1', 'moment2')
  const { training, compiled, arena } = await withArena(device, batch, plan)
  const started = performance.now()
  const program = await Program.record(device, compiled, store, arena, (done, total) =>
    onProgress('Compiling pipelines', done, total),
  )
  const compileMs = performance.now() - started
  const pipelines = device.pipelines.size - pipelinesBefore
  const peakBytes = store.bytes + arena.size + compiled.plan.ioBytes
  try {
    initialiseWeights(model, store, 1)
    if (precision === 'mixed') store.writeAll('lossScale', initialLossScale())
    const pixels = new Uint32Array(batch * size * size)
    fillPixels(pixels)
    const labels = syntheticLabels(batch)
    program.write(training.labels, labels)
    const indices = labels.map((_, i) => i)
    const drawn = (step: number) =>
      drawBatch(augmenting, { source: size, size }, { seed: 1, epoch: 0, step, indices, labels })
    const write = (step: number): void => {
      program.write(training.pixels, pixels)
      if (!training.draws) return
      const { draws, partners } = drawn(step)
      program.write(training.draws, draws)
      if (training.partners && partners) program.write(training.partners, partners)
    }
    const times = await timeSteps(device, program, training, write, warmUp + steps, onProgress)
    const timeline = hasTimestamps(device) ? await medianProfile(program, Math.min(3, steps), onProgress) : null
    const measured = times.slice(warmUp)
    const stepMs = spread(measured.map(({ ms }) => ms))
    const flops = compiled.dispatches.reduce((sum, { kernel }) => sum + kernel.flops, 0)
    const gflops = perMs(flops, stepMs.median)
    const peakGflops = Math.max(peakBefore, await measurePeak(device))
    device.check()
    const result = {
      adapter: device.adapter,
      arch,
      size,
      batch,
      precision,
      steps,
      imagesPerSecond: (1000 * batch) / stepMs.median,
      stepMs,
      jsMs: spread(measured.map(({ jsMs }) => jsMs)).median,
      flops,
      bytes: compiled.dispatches.reduce((sum, { kernel }) => sum + kernel.bytes, 0),
      gflops,
      peakGflops,
      shareOfPeak: gflops / peakGflops,
      peakBytes,
      compileMs,
      pipelines,
      dispatches: compiled.dispatches.length,
      kernels: timeline && timesByKernel(timeline),
    }
    return { result, timeline }
  } finally {
    program.destroy()
    arena.destroy()
    store.destroy()
  }
}

/** Runs steps as the learner does, waiting for each; then looks whether they have computed anything. */
async function timeSteps(
  device: Device,
  program: Program,
  training: TrainingGraph,
  write: (step: number) => void,
  steps: number,
  onProgress: BenchProgress,
): Promise<{ ms: number; jsMs: number }[]> {
  const pacer = new Pacer(device)
  const times: { ms: number; jsMs: number }[] = []
  for (let step = 0; step < steps; step++) {
    const started = performance.now()
    write(step)
    program.write(
      training.step,
      packStep({
        seed: 1,
        step,
        update: step + 1,
        beta1: 0.9,
        beta2: 0.99,
        epsilon: 1e-5,
        decay: 0.01,
        rates: [1e-4, 1e-4, 1e-4],
      }),
    )
    program.run(step === steps - 1 ? [training.losses] : [])
    const jsMs = performance.now() - started
    await pacer.settle('step', started)
    times.push({ ms: performance.now() - started, jsMs })
    onProgress('Steps', step + 1, steps)
  }
  const losses = new Float32Array(await program.read(training.losses)).subarray(0, Math.min(steps, lossSlots))
  const broken = losses.findIndex((loss) => !Number.isFinite(loss))
  if (broken >= 0) {
    throw new EngineError(
      'DIVERGED',
      `the loss is ${losses[broken]} after step ${broken}: what was timed is not a training step`,
    )
  }
  return times
}

/** Of several profiled steps the one of median length. */
async function medianProfile(program: Program, runs: number, onProgress: BenchProgress): Promise<DispatchTime[]> {
  const profiles: { ms: number; times: DispatchTime[] }[] = []
  for (let run = 0; run < runs; run++) {
    const times = await program.profile()
    profiles.push({ ms: times.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0), times })
    onProgress('Timing kernels', run + 1, runs)
  }
  profiles.sort((a, b) => a.ms - b.ms)
  return profiles[Math.floor(runs / 2)]?.times ?? []
}
