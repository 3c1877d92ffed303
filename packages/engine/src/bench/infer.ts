import { type Compiled, compile, createArena } from '../compile/program.ts'
import { ParameterStore } from '../compile/store.ts'
import { spread } from '../compile/timing.ts'
import { EngineError, throwIfAborted } from '../errors.ts'
import type { AdapterInfo, Device } from '../gpu/device.ts'
import type { TaskContext } from '../host/tasks.ts'
import { Inference } from '../infer/inference.ts'
import type { Arch, ResNet } from '../nn/resnet.ts'
import { type EvaluationGraph, evaluationGraph } from '../train/graphs.ts'
import { initialiseWeights } from '../weights/state-dict.ts'
import type { BenchProgress } from './measure.ts'
import { benchNetwork, fillPixels } from './network.ts'

export interface InferenceBenchOptions {
  arch: Arch
  /** Side of the images, in pixels. */
  size: number
  /** Sample sizes, each classified in one batch where memory allows. */
  images: readonly number[]
  onProgress?: BenchProgress
}

/** One line of the notebook's table. */
export interface InferenceTime {
  images: number
  /** Images computed at once; the last batch of a sample may hold fewer, and costs the same. */
  batch: number
  /** Why `batch` is smaller than the sample, or null. */
  capped: string | null
  /** Loading, images and inference: from nothing to the last answer, warm-up not counted. */
  totalSeconds: number
  /** Writing the images to the device, forward passes and reading the logits back: the median of the passes over the sample. */
  inferenceSeconds: number
  perImageMs: number
  /** Device memory as planned: weights, activations, images. */
  peakBytes: number
  /** The most that the process has had in the machine's memory until then; on a software adapter the device's is part of it. */
  processPeakBytes: number
  /** Memory and pipelines of the program. */
  compileMs: number
  /** The passes before those that count: the first compiles in the driver. */
  warmUpMs: number
}

/** A bench as a task of a host, whose process it has to itself. */
export interface InferenceBenchSpec extends Omit<InferenceBenchOptions, 'onProgress'> {
  /** A name of `listAdapters`; default Dawn's choice. */
  adapter?: string | undefined
}

export interface BenchEvent {
  stage: string
  done: number
  total: number
}

/** Runs `spec`. Throws NO_ADAPTER, OUT_OF_MEMORY; ABORTED between two samples. */
export async function runInferenceBench(
  { adapter, ...options }: InferenceBenchSpec,
  { openDevice, onEvent, signal }: TaskContext<BenchEvent>,
): Promise<InferenceBench> {
  const device = await openDevice({ adapter })
  try {
    const onProgress: BenchProgress = (stage, done, total) => {
      throwIfAborted(signal)
      onEvent({ stage, done, total })
    }
    return await benchInference(device, { ...options, onProgress })
  } finally {
    await device.destroy()
  }
}

export interface InferenceBench {
  adapter: AdapterInfo
  arch: Arch
  size: number
  samples: InferenceTime[]
}

/** A sample is classified again until this much has been measured, at most `mostPasses` times. */
const enoughMs = 1000
const mostPasses = 20
const longWarmUpMs = 5000

/**
 * Times classification of samples of several sizes by the path that validation and prediction take, every batch waited
 * for and read back. Each size has a program of its own, which is compiled and warmed up before it is timed. Expects the
 * device to itself. Throws OUT_OF_MEMORY where not even one image fits.
 */
export async function benchInference(
  device: Device,
  { arch, size, images, onProgress = () => {} }: InferenceBenchOptions,
): Promise<InferenceBench> {
  const model = benchNetwork(arch)
  const store = new ParameterStore(device, model.elements, model.stateElements)
  try {
    initialiseWeights(model, store, 1)
    const samples: InferenceTime[] = []
    for (const [i, count] of images.entries()) {
      onProgress(`${count} images`, i, images.length)
      samples.push(await timeSample(device, model, store, size, count))
    }
    onProgress('Samples', images.length, images.length)
    return { adapter: device.adapter, arch, size, samples }
  } finally {
    store.destroy()
  }
}

async function timeSample(
  device: Device,
  model: ResNet,
  store: ParameterStore,
  size: number,
  images: number,
): Promise<InferenceTime> {
  const started = performance.now()
  const { batch, evaluation, compiled, arena, capped } = await fitBatch(device, model, size, images)
  const inference = await Inference.record(device, model, batch, evaluation, compiled, store, arena)
  const compileMs = performance.now() - started
  try {
    const batches = Array.from({ length: Math.ceil(images / batch) }, (_, i) => i)
    const words = new Uint32Array(batch * size * size)
    const pixels = new Uint8Array(words.buffer)
    const passes: { loadMs: number; inferenceMs: number }[] = []
    fillPixels(words)
    const warming = performance.now()
    // Twice: the first may compile in the driver, the second teaches the pacer, which a long wait has no need of.
    await inference.logits(pixels)
    if (performance.now() - warming < longWarmUpMs) await inference.logits(pixels)
    const warmUpMs = performance.now() - warming
    let measured = 0
    while (measured < enoughMs && passes.length < mostPasses) {
      let [loadMs, inferenceMs] = [0, 0]
      for (const seed of batches) {
        const begun = performance.now()
        fillPixels(words, seed)
        const loaded = performance.now()
        await inference.logits(pixels)
        loadMs += loaded - begun
        inferenceMs += performance.now() - loaded
      }
      passes.push({ loadMs, inferenceMs })
      measured += inferenceMs
    }
    device.check()
    const inferenceMs = spread(passes.map((pass) => pass.inferenceMs)).median
    return {
      images,
      batch,
      capped,
      totalSeconds: (compileMs + spread(passes.map(({ loadMs }) => loadMs)).median + inferenceMs) / 1000,
      inferenceSeconds: inferenceMs / 1000,
      perImageMs: inferenceMs / images,
      peakBytes: store.bytes + arena.size + compiled.plan.ioBytes,
      // In kilobytes on every system.
      processPeakBytes: 1024 * process.resourceUsage().maxRSS,
      compileMs,
      warmUpMs,
    }
  } finally {
    inference.destroy()
    arena.destroy()
  }
}

interface FittedBatch {
  batch: number
  evaluation: EvaluationGraph
  compiled: Compiled
  arena: GPUBuffer
  capped: string | null
}

/** The fewest equal batches of a sample that the device has memory for. */
export async function fitBatch(device: Device, model: ResNet, size: number, images: number): Promise<FittedBatch> {
  let capped: string | null = null
  for (let batches = 1; ; batches++) {
    const batch = Math.ceil(images / batches)
    // The same size again: fewer images a batch, or it is no other batch.
    if (batches > 1 && batch === Math.ceil(images / (batches - 1))) continue
    try {
      const evaluation = evaluationGraph(model, { batch, size })
      const compiled = compile(device, 'inference', evaluation.graph)
      const arena = await createArena(device, [compiled])
      return { batch, evaluation, compiled, arena, capped }
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'OUT_OF_MEMORY' || batch === 1) throw error
      capped ??= error.message
    }
  }
}
