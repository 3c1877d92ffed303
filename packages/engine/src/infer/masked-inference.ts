import type { MaskedClassifier, Masks, Scene } from '@sporeprint/explain'
import { softmax } from '@sporeprint/metrics'
import { withArena } from '../compile/fit.ts'
import { compile, Program } from '../compile/program.ts'
import type { StoreBuffers } from '../compile/store.ts'
import { EngineError, throwIfAborted } from '../errors.ts'
import type { Device } from '../gpu/device.ts'
import { Pacer } from '../gpu/pacing.ts'
import { Graph } from '../graph/graph.ts'
import type { Tensor } from '../graph/tensor.ts'
import { maskHeader, mostMaskWords } from '../kernels/mask.ts'
import type { ResNet } from '../nn/resnet.ts'
import { stepScalars } from '../train/step-scalars.ts'
import { unpad } from './inference.ts'

export interface MaskedInferenceOptions {
  /** Samples computed at once. */
  batch: number
  /** Side of the pictures, in pixels. */
  size: number
  /** What logits are divided by before softmax; default 1. */
  temperature?: number
}

interface MaskedGraph {
  graph: Graph
  /** [2, size, size] of packed RGBA: a picture, and what hides it. */
  pixels: Tensor
  labels: Tensor
  masks: Tensor
  /** [batch, 1, 1, classes padded]. */
  logits: Tensor
}

/** Evaluation as in `evaluationGraph`, of one picture under many masks. */
function maskedGraph(model: ResNet, { batch, size }: MaskedInferenceOptions): MaskedGraph {
  const graph = new Graph()
  const pixels = graph.io('pixels', [2, size, size], 'u32')
  const labels = graph.io('segments', [size, size], 'u32')
  const masks = graph.io('masks', [maskHeader + batch * mostMaskWords(size ** 2)], 'u32')
  const step = graph.io('step', [stepScalars.words], 'u32')
  const input = { labels, masks, samples: batch }
  const mode = { training: false, activations: 'f32', step, masks: input } as const
  const logits = graph.keep(model.forward(graph, pixels, mode))
  return { graph, pixels, labels, masks, logits }
}

/**
 * Classifies one picture under many masks, which are composed on the device: a picture, what hides it and a label map go there
 * once, and then a few bits a sample. One question at a time.
 */
export class MaskedInference implements MaskedClassifier {
  readonly classes: number
  /** Of activations, pictures and masks. */
  readonly bytes: number
  /** Bytes written to the device so far. */
  uploaded = 0
  readonly #device: Device
  readonly #options: MaskedInferenceOptions
  readonly #graph: MaskedGraph
  readonly #program: Program
  readonly #arena: GPUBuffer
  readonly #pacer: Pacer
  /** What is on the device. */
  #scene: Scene | null = null

  /** Throws OUT_OF_MEMORY, with the batch that would fit. */
  static async record(
    device: Device,
    model: ResNet,
    store: Pick<StoreBuffers, 'buffer'>,
    options: MaskedInferenceOptions,
    onPipeline?: (done: number, total: number) => void,
  ): Promise<MaskedInference> {
    const { masked, compiled, arena } = await withArena(device, options.batch, (batch) => {
      const masked = maskedGraph(model, { ...options, batch })
      const compiled = compile(device, 'masked inference', masked.graph)
      return { masked, compiled, programs: [compiled] }
    })
    const program = await Program.record(device, compiled, store, arena, onPipeline)
    program.prepareRead(masked.logits)
    const bytes = arena.size + compiled.plan.ioBytes
    return new MaskedInference(device, model.classes.length, bytes, options, masked, program, arena)
  }

  private constructor(
    device: Device,
    classes: number,
    bytes: number,
    options: MaskedInferenceOptions,
    graph: MaskedGraph,
    program: Program,
    arena: GPUBuffer,
  ) {
    this.classes = classes
    this.bytes = bytes
    this.#device = device
    this.#options = options
    this.#graph = graph
    this.#program = program
    this.#arena = arena
    this.#pacer = new Pacer(device)
  }

  /**
   * Probabilities [samples, classes]. `onBatch` hears how many samples are through. Throws BAD_CONFIG for a picture of another size,
   * ABORTED when the signal fires.
   */
  async classifyMasked(
    scene: Scene,
    masks: Masks,
    { signal, onBatch }: { signal?: AbortSignal | undefined; onBatch?: (samples: number) => void } = {},
  ): Promise<Float64Array> {
    const { batch, temperature } = this.#options
    const { samples, stride } = masks
    const probabilities = new Float64Array(samples * this.classes)
    this.#show(scene)
    for (let first = 0; first < samples; first += batch) {
      throwIfAborted(signal)
      const count = Math.min(batch, samples - first)
      const words = new Uint32Array(maskHeader + count * stride)
      words[0] = stride
      words.set(masks.words.subarray(first * stride, (first + count) * stride), maskHeader)
      const logits = await this.#logits(words)
      probabilities.set(
        softmax(logits.subarray(0, count * this.classes), this.classes, temperature),
        first * this.classes,
      )
      onBatch?.(count)
    }
    return probabilities
  }

  /** Milliseconds that the device takes to compose one batch, and for all of it; null where it cannot be told. */
  async profile(): Promise<{ maskMs: number; totalMs: number } | null> {
    if (!this.#device.gpu.features.has('timestamp-query')) return null
    const times = (await this.#program.profile()).map(({ kernel, startMs, endMs }) => ({ kernel, ms: endMs - startMs }))
    const total = (of: typeof times): number => of.reduce((sum, { ms }) => sum + ms, 0)
    return { maskMs: total(times.filter(({ kernel }) => kernel.name === 'mask')), totalMs: total(times) }
  }

  destroy(): void {
    this.#program.destroy()
    this.#arena.destroy()
  }

  #show(scene: Scene): void {
    if (scene === this.#scene) return
    const { image, hidden, segments } = scene
    const { size } = this.#options
    if (image.width !== size || image.height !== size) {
      throw new EngineError(
        'BAD_CONFIG',
        `the picture is ${image.width} × ${image.height}: this network was loaded for ${size} × ${size} pixels`,
      )
    }
    const { pixels, labels } = this.#graph
    const both = new Uint8Array(8 * size ** 2)
    both.set(image.data)
    both.set(hidden.data, 4 * size ** 2)
    this.#write(pixels, both)
    this.#write(labels, Uint32Array.from(segments.labels))
    this.#scene = scene
  }

  async #logits(words: Uint32Array): Promise<Float32Array> {
    const { masks, logits } = this.#graph
    this.#write(masks, words)
    const submitted = performance.now()
    this.#program.run([logits])
    await this.#pacer.settle('masked inference', submitted)
    return unpad(new Float32Array(await this.#program.read(logits)), this.#options.batch, this.classes)
  }

  #write(tensor: Tensor, data: Uint8Array | Uint32Array): void {
    this.#program.write(tensor, data)
    this.uploaded += data.byteLength
  }
}
