import type { ClassificationReport } from '@sporeprint/metrics'
import { withArena } from '../compile/fit.ts'
import { compile } from '../compile/program.ts'
import type { ParameterStore } from '../compile/store.ts'
import type { ImageSource } from '../data/image-source.ts'
import { throwIfAborted } from '../errors.ts'
import type { Device } from '../gpu/device.ts'
import type { ResNet } from '../nn/resnet.ts'
import { evaluationGraph } from '../train/graphs.ts'
import { loadModel, type SavedModel } from '../weights/saved-model.ts'
import { type EvaluateOptions, Inference, type Predictions } from './inference.ts'
import { evaluateAugmented, type TtaOptions, type TtaResult } from './tta.ts'

export interface ClassifierOptions {
  /** Images computed at once. Default 16. */
  batch?: number
}

interface ClassifierParts {
  device: Device
  model: ResNet
  store: ParameterStore
  arena: GPUBuffer
  inference: Inference
  batch: number
  size: number
  peakBytes: number
}

/** A trained network on a device, ready to classify: its weights, one evaluation program and the memory of both. */
export class Classifier {
  readonly model: ResNet
  /** Where the weights are, for programs besides its own. */
  readonly store: ParameterStore
  readonly batch: number
  /** Side of the images it takes, in pixels. */
  readonly size: number
  /** Bytes of device memory: weights, activations, images. */
  readonly peakBytes: number
  readonly #device: Device
  readonly #arena: GPUBuffer
  readonly #inference: Inference

  /** Loads what `readModel` gave. Throws OUT_OF_MEMORY, with the batch that would fit. */
  static async load(device: Device, saved: SavedModel, options: ClassifierOptions = {}): Promise<Classifier> {
    const { batch = 16 } = options
    const { size } = saved.preprocessing
    const { model, store } = loadModel(device, saved)
    try {
      const { evaluation, compiled, arena } = await withArena(device, batch, (n) => {
        const evaluation = evaluationGraph(model, { batch: n, size })
        const compiled = compile(device, 'inference', evaluation.graph)
        return { evaluation, compiled, programs: [compiled] }
      })
      const inference = await Inference.record(device, model, batch, evaluation, compiled, store, arena)
      const peakBytes = store.bytes + arena.size + compiled.plan.ioBytes
      return new Classifier({ device, model, store, arena, inference, batch, size, peakBytes })
    } catch (error) {
      store.destroy()
      throw error
    }
  }

  private constructor(parts: ClassifierParts) {
    this.model = parts.model
    this.store = parts.store
    this.batch = parts.batch
    this.size = parts.size
    this.peakBytes = parts.peakBytes
    this.#device = parts.device
    this.#arena = parts.arena
    this.#inference = parts.inference
  }

  /** Logits [n, classes] of any number of images: pixels u8 RGBA [n, size, size, 4]. */
  async logits(pixels: Uint8Array, { signal }: { signal?: AbortSignal } = {}): Promise<Float32Array<ArrayBuffer>> {
    const { batch, size } = this
    const classes = this.model.classes.length
    const bytes = 4 * size * size
    const images = pixels.length / bytes
    if (!Number.isInteger(images)) {
      throw new RangeError(`${pixels.length} bytes are no whole number of images of ${size} × ${size} pixels`)
    }
    const logits = new Float32Array(images * classes)
    const filled = new Uint8Array(batch * bytes)
    for (let first = 0; first < images; first += batch) {
      throwIfAborted(signal)
      const count = Math.min(batch, images - first)
      filled.set(pixels.subarray(first * bytes, (first + count) * bytes))
      logits.set((await this.#inference.logits(filled)).subarray(0, count * classes), first * classes)
    }
    return logits
  }

  /** Loss, accuracy, F1 and the confusion matrix over a source of images of its size. */
  evaluate(source: ImageSource, options?: EvaluateOptions): Promise<ClassificationReport> {
    return this.#inference.evaluate(source, options)
  }

  /** The logits of a source of images of its size, in its own order, a batch at a time. */
  predictions(
    source: ImageSource,
    options?: { signal?: AbortSignal | undefined },
  ): AsyncGenerator<Predictions, void, void> {
    return this.#inference.predictions(source, options)
  }

  /** Test-time augmentation over a source of images of its size. */
  tta(source: ImageSource, options: TtaOptions): Promise<TtaResult> {
    const { model, store, batch, size } = this
    return evaluateAugmented(
      { device: this.#device, model, store, batch, size, plain: this.#inference },
      source,
      options,
    )
  }

  destroy(): void {
    this.#inference.destroy()
    this.#arena.destroy()
    this.store.destroy()
  }
}
