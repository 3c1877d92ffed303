import { type ClassificationReport, ReportAccumulator } from '@sporeprint/metrics'
import type { Compiled } from '../compile/program.ts'
import { Program } from '../compile/program.ts'
import type { StoreBuffers } from '../compile/store.ts'
import type { ImageSource } from '../data/image-source.ts'
import { batches } from '../data/loader.ts'
import { throwIfAborted } from '../errors.ts'
import type { Device } from '../gpu/device.ts'
import { Pacer } from '../gpu/pacing.ts'
import type { Tensor } from '../graph/tensor.ts'
import type { ResNet } from '../nn/resnet.ts'
import type { EvaluationGraph } from '../train/graphs.ts'

export interface EvaluateOptions {
  /** ε of the loss, so that it compares with a smoothed training loss. */
  labelSmoothing?: number
  /** Weights of the classes in the loss, for the same reason. Default null: all count the same. */
  classWeights?: readonly number[] | null
  signal?: AbortSignal | undefined
}

/** What was said of the images of one batch, those that could not be read apart. */
export interface Predictions {
  /** [n] */
  labels: Uint32Array
  /** [n]; which images of the source these are. */
  indices: Uint32Array
  /** [n, classes] */
  logits: Float32Array
}

/** Of n images. */
export interface Outputs {
  /** [n, classes] */
  logits: Float32Array
  /** What the head classifies by: [n, featureCount]. */
  features: Float32Array
}

export interface Stoppable {
  signal?: AbortSignal | undefined
}

/** Forward passes with running statistics, without augmentation and dropout: the one path of validation and prediction. */
export class Inference {
  readonly #model: ResNet
  readonly #batch: number
  readonly #graph: EvaluationGraph
  readonly #program: Program
  readonly #pacer: Pacer

  private constructor(device: Device, model: ResNet, batch: number, graph: EvaluationGraph, program: Program) {
    this.#model = model
    this.#batch = batch
    this.#graph = graph
    this.#program = program
    this.#pacer = new Pacer(device)
  }

  static async record(
    device: Device,
    model: ResNet,
    batch: number,
    graph: EvaluationGraph,
    compiled: Compiled,
    store: Pick<StoreBuffers, 'buffer'>,
    arena: GPUBuffer,
  ): Promise<Inference> {
    const program = await Program.record(device, compiled, store, arena)
    program.prepareRead(graph.logits)
    return new Inference(device, model, batch, graph, program)
  }

  /** Logits [batch, classes] of one full batch: pixels u8 RGBA [batch, size, size, 4]. */
  async logits(pixels: Uint8Array): Promise<Float32Array> {
    await this.#run(pixels, [this.#graph.logits])
    return this.#readLogits()
  }

  /** The same with the features that the head classifies by, [batch, featureCount]. */
  async outputs(pixels: Uint8Array): Promise<Outputs> {
    const { logits, features } = this.#graph
    await this.#run(pixels, [logits, features])
    return { logits: await this.#readLogits(), features: new Float32Array(await this.#program.read(features)) }
  }

  async #run(pixels: Uint8Array, copy: readonly Tensor[]): Promise<void> {
    this.#program.write(this.#graph.pixels, pixels)
    const submitted = performance.now()
    this.#program.run(copy)
    await this.#pacer.settle('inference', submitted)
  }

  async #readLogits(): Promise<Float32Array> {
    const padded = new Float32Array(await this.#program.read(this.#graph.logits))
    return unpad(padded, this.#batch, this.#model.classes.length)
  }

  /** Loss, accuracy, F1 and the confusion matrix over a whole source, in its own order. */
  async evaluate(source: ImageSource, options: EvaluateOptions = {}): Promise<ClassificationReport> {
    const { labelSmoothing = 0, classWeights = null, signal } = options
    const classes = this.#model.classes
    const report = new ReportAccumulator({ classes, labelSmoothing, classWeights })
    for await (const { labels, logits } of this.predictions(source, { signal })) report.add(labels, logits)
    return report.report()
  }

  /** The logits of a whole source, in its own order, a batch at a time. */
  async *predictions(source: ImageSource, options: Stoppable = {}): AsyncGenerator<Predictions, void, void> {
    const classes = this.#model.classes.length
    for await (const { count, said, ...batch } of this.#batches(source, options, (pixels) => this.logits(pixels)))
      yield { ...batch, logits: said.subarray(0, count * classes) }
  }

  /** The same with features, which are read back for it. */
  async *outputsOf(source: ImageSource, options: Stoppable = {}): AsyncGenerator<Predictions & Outputs, void, void> {
    const { classes, featureCount } = this.#model
    for await (const { count, said, ...batch } of this.#batches(source, options, (pixels) => this.outputs(pixels))) {
      const logits = said.logits.subarray(0, count * classes.length)
      yield { ...batch, logits, features: said.features.subarray(0, count * featureCount) }
    }
  }

  /** What is said of full batches, with the labels and indices of the `count` images that each really has. */
  async *#batches<Said>(source: ImageSource, { signal }: Stoppable, say: (pixels: Uint8Array) => Promise<Said>) {
    const order = { batch: this.#batch, sampling: 'sequential', seed: 0, epoch: 0, dropLast: false } as const
    for await (const { pixels, labels, indices, count } of batches(source, order)) {
      throwIfAborted(signal)
      const said = await say(pixels)
      yield { labels: labels.subarray(0, count), indices: indices.subarray(0, count), count, said }
    }
  }

  destroy(): void {
    this.#program.destroy()
  }
}

/** [n, columns] → [n, classes]. */
export function unpad(logits: Float32Array, n: number, classes: number): Float32Array {
  const columns = logits.length / n
  const out = new Float32Array(n * classes)
  for (let i = 0; i < n; i++) out.set(logits.subarray(i * columns, i * columns + classes), i * classes)
  return out
}
