/**
 * Test-time augmentation: a network sees each image as it is and in several augmented versions, and what it says of them is averaged
 * (fastai's `tta`: share · plain + (1 − share) · mean of the versions, of probabilities).
 */
import { type ClassificationReport, ReportAccumulator, softmax } from '@sporeprint/metrics'
import type { Augmentation } from '../augment/augmentation.ts'
import { drawBatch, unchanged } from '../augment/batch.ts'
import { compile, createArena, Program } from '../compile/program.ts'
import type { StoreBuffers } from '../compile/store.ts'
import type { ImageSource } from '../data/image-source.ts'
import { batches } from '../data/loader.ts'
import { throwIfAborted } from '../errors.ts'
import type { Device } from '../gpu/device.ts'
import { Pacer } from '../gpu/pacing.ts'
import { Graph } from '../graph/graph.ts'
import type { Tensor } from '../graph/tensor.ts'
import { augmentWords } from '../kernels/augment.ts'
import type { ResNet } from '../nn/resnet.ts'
import { stepScalars } from '../train/step-scalars.ts'
import { type EvaluateOptions, type Inference, type Outputs, unpad } from './inference.ts'

/** How an image is looked at more than once. */
export interface TtaPasses {
  augment: Augmentation
  /** Augmented versions of each image; default 4. */
  passes?: number
  /** Share of the plain image in the mean; default .25. */
  share?: number
  seed?: number
}

export interface TtaOptions extends EvaluateOptions, TtaPasses {}

export interface TtaResult {
  report: ClassificationReport
  /** [images, classes], in the source's order; NaN where an image could not be read. */
  probabilities: Float32Array<ArrayBuffer>
}

export interface TtaParts {
  device: Device
  model: ResNet
  /** Where the weights are. */
  store: Pick<StoreBuffers, 'buffer'>
  batch: number
  /** Side of the network's input. */
  size: number
  plain: Inference
}

/** What is said of images that are seen more than once: of each as it is, and the mean of the probabilities [batch, classes]. */
interface AugmentedOutputs extends Outputs {
  probabilities: Float64Array
}

/** Forward passes over full batches of images of the network's size, as they are and augmented. */
export class AugmentedInference {
  readonly #parts: TtaParts
  readonly #options: Required<TtaPasses>
  readonly #tensors: { pixels: Tensor; draws: Tensor; logits: Tensor }
  readonly #arena: GPUBuffer
  readonly #program: Program
  readonly #pacer: Pacer

  /** Throws RangeError for passes or a share that cannot be. */
  static async record(parts: TtaParts, given: TtaPasses): Promise<AugmentedInference> {
    const { device, model, store, batch, size } = parts
    const options = { passes: 4, share: 0.25, seed: 0, ...given }
    const { passes, share } = options
    if (!Number.isInteger(passes) || passes < 1)
      throw new RangeError(`passes must be a whole number of at least 1, not ${passes}`)
    if (!(share >= 0 && share <= 1)) throw new RangeError(`share must be from 0 to 1, not ${share}`)
    const graph = new Graph()
    const pixels = graph.io('pixels', [batch, size, size], 'u32')
    const draws = graph.io('draws', [batch, augmentWords], 'u32')
    const step = graph.io('step', [stepScalars.words], 'u32')
    const input = { draws, size, mixes: false }
    const logits = graph.keep(
      model.forward(graph, pixels, { training: false, activations: 'f32', step, augment: input }),
    )
    const compiled = compile(device, 'augmented evaluation', graph)
    const arena = await createArena(device, [compiled])
    const program = await Program.record(device, compiled, store, arena)
    return new AugmentedInference(parts, options, { pixels, draws, logits }, arena, program)
  }

  private constructor(
    parts: TtaParts,
    options: Required<TtaPasses>,
    tensors: { pixels: Tensor; draws: Tensor; logits: Tensor },
    arena: GPUBuffer,
    program: Program,
  ) {
    this.#parts = parts
    this.#options = options
    this.#tensors = tensors
    this.#arena = arena
    this.#program = program
    this.#pacer = new Pacer(parts.device)
  }

  /** Version v of image `indices[i]` is drawn as training draws it in epoch v. */
  async run(images: Uint8Array, indices: ArrayLike<number>, temperature = 1): Promise<AugmentedOutputs> {
    const { model, batch, size, plain } = this.#parts
    const { augment, passes, share, seed } = this.#options
    const classes = model.classes.length
    const { logits, features } = await plain.outputs(images)
    const mean = softmax(logits, classes, temperature).map((p) => share * p)
    this.#program.write(this.#tensors.pixels, images)
    for (let pass = 0; pass < passes; pass++) {
      const of = { seed, epoch: pass, step: pass, indices, labels: [] }
      const drawn = drawBatch({ ...unchanged, augment }, { source: size, size }, of)
      this.#program.write(this.#tensors.draws, drawn.draws)
      const submitted = performance.now()
      this.#program.run([this.#tensors.logits])
      await this.#pacer.settle('augmented evaluation', submitted)
      const read = unpad(new Float32Array(await this.#program.read(this.#tensors.logits)), batch, classes)
      for (const [i, p] of softmax(read, classes, temperature).entries()) {
        mean[i] = (mean[i] as number) + ((1 - share) / passes) * p
      }
    }
    return { logits, features, probabilities: mean }
  }

  destroy(): void {
    this.#program.destroy()
    this.#arena.destroy()
  }
}

/** What is said of a source whose images have the network's size. */
export async function evaluateAugmented(parts: TtaParts, source: ImageSource, options: TtaOptions): Promise<TtaResult> {
  const { model, batch } = parts
  const { labelSmoothing = 0, classWeights = null, signal, ...passes } = options
  const classes = model.classes.length
  const inference = await AugmentedInference.record(parts, passes)
  const report = new ReportAccumulator({ classes: model.classes, labelSmoothing, classWeights })
  const probabilities = new Float32Array(source.length * classes).fill(Number.NaN)
  const order = { batch, sampling: 'sequential', seed: 0, epoch: 0, dropLast: false } as const
  try {
    for await (const images of batches(source, order)) {
      throwIfAborted(signal)
      const { count, indices } = images
      const { probabilities: mean } = await inference.run(images.pixels, indices)
      // The logarithm of a probability is a logit of it.
      report.add(
        images.labels.subarray(0, count),
        Float32Array.from(mean.subarray(0, count * classes), (p) => Math.log(Math.max(p, 1e-38))),
      )
      for (let i = 0; i < count; i++) {
        probabilities.set(mean.subarray(i * classes, (i + 1) * classes), (indices[i] as number) * classes)
      }
    }
  } finally {
    inference.destroy()
  }
  return { report: report.report(), probabilities }
}
