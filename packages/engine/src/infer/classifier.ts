import type { ClassificationReport } from '@sporeprint/metrics'
import { withArena } from '../compile/fit.ts'
import { compile } from '../compile/program.ts'
import type { ParameterStore } from '../compile/store.ts'
import type { ImageSource } from '../data/image-source.ts'
import { throwIfAborted } from '../errors.ts'
import type { Device } from '../gpu/device.ts'
import type { ResNet } from '../nn/resnet.ts'
import { evaluationGraph } from '../train/graphs.ts'
import type { Calibration } from '../weights/calibration.ts'
import { loadModel, type SavedModel } from '../weights/model.ts'
import { type EvaluateOptions, Inference, type Outputs, type Predictions, type Stoppable } from './inference.ts'
import { checkPredictionOptions, type Prediction, type PredictionOptions, predictionsOf } from './prediction.ts'
import {
  AugmentedInference,
  evaluateAugmented,
  type TtaOptions,
  type TtaParts,
  type TtaPasses,
  type TtaResult,
} from './tta.ts'

export interface ClassifierOptions {
  /** Images computed at once. Default 16. */
  batch?: number
}

export interface ClassifyOptions extends PredictionOptions {
  /** Test-time augmentation; default none. */
  tta?: TtaPasses | null | undefined
  signal?: AbortSignal | undefined
}

interface ClassifierParts {
  device: Device
  model: ResNet
  calibration: Calibration | null
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
  /** What a validation set said of it. */
  readonly calibration: Calibration | null
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
  #augmented: { key: string; inference: AugmentedInference } | null = null

  /** Loads what `readModel` gave. Throws OUT_OF_MEMORY, with the batch that would fit. */
  static async load(device: Device, saved: SavedModel, options: ClassifierOptions = {}): Promise<Classifier> {
    const { batch = 16 } = options
    const { calibration } = saved
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
      return new Classifier({ device, model, calibration, store, arena, inference, batch, size, peakBytes })
    } catch (error) {
      store.destroy()
      throw error
    }
  }

  private constructor(parts: ClassifierParts) {
    this.model = parts.model
    this.calibration = parts.calibration
    this.store = parts.store
    this.batch = parts.batch
    this.size = parts.size
    this.peakBytes = parts.peakBytes
    this.#device = parts.device
    this.#arena = parts.arena
    this.#inference = parts.inference
  }

  /** Logits [n, classes] of any number of images: pixels u8 RGBA [n, size, size, 4]. */
  async logits(pixels: Uint8Array, { signal }: Stoppable = {}): Promise<Float32Array<ArrayBuffer>> {
    const classes = this.model.classes.length
    const logits = new Float32Array(this.#count(pixels) * classes)
    for (const { filled, first, count } of this.#batches(pixels)) {
      throwIfAborted(signal)
      logits.set((await this.#inference.logits(filled)).subarray(0, count * classes), first * classes)
    }
    return logits
  }

  /** What the network says of any number of images: pixels u8 RGBA [n, size, size, 4]. Throws BAD_CONFIG, ABORTED. */
  async predict(pixels: Uint8Array, { tta, signal, ...options }: ClassifyOptions = {}): Promise<Prediction[]> {
    checkPredictionOptions(options)
    const { classes, featureCount } = this.model
    const { calibration } = this
    const temperature = options.temperature ?? calibration?.temperature
    const augmented = tta ? await this.#augmentedFor(tta) : null
    const predictions: Prediction[] = []
    for (const { filled, count } of this.#batches(pixels)) {
      throwIfAborted(signal)
      const said = augmented
        ? await augmented.run(filled, drawnBy(filled, this.batch), temperature)
        : await this.#inference.outputs(filled)
      const logits = said.logits.subarray(0, count * classes.length)
      const features = said.features.subarray(0, count * featureCount)
      predictions.push(...predictionsOf(classes, calibration, { ...said, logits, features }, options))
    }
    return predictions
  }

  /** The last one is kept: whoever predicts in parts asks for it again. */
  async #augmentedFor(tta: TtaPasses): Promise<AugmentedInference> {
    const key = JSON.stringify(tta)
    if (this.#augmented?.key !== key) {
      this.#augmented?.inference.destroy()
      this.#augmented = null
      this.#augmented = { key, inference: await AugmentedInference.record(this.#ttaParts, tta) }
    }
    return this.#augmented.inference
  }

  #count(pixels: Uint8Array): number {
    const { size } = this
    const images = pixels.length / (4 * size * size)
    if (Number.isInteger(images)) return images
    throw new RangeError(`${pixels.length} bytes are no whole number of images of ${size} × ${size} pixels`)
  }

  /** Full batches of images, the last with whatever it had before behind its own. The buffer is used again for the next. */
  *#batches(pixels: Uint8Array): Generator<{ filled: Uint8Array; first: number; count: number }> {
    const { batch, size } = this
    const bytes = 4 * size * size
    const images = this.#count(pixels)
    const filled = new Uint8Array(batch * bytes)
    for (let first = 0; first < images; first += batch) {
      const count = Math.min(batch, images - first)
      filled.set(pixels.subarray(first * bytes, (first + count) * bytes))
      yield { filled, first, count }
    }
  }

  /** Loss, accuracy, F1 and the confusion matrix over a source of images of its size. */
  evaluate(source: ImageSource, options?: EvaluateOptions): Promise<ClassificationReport> {
    return this.#inference.evaluate(source, options)
  }

  /** The logits of a source of images of its size, in its own order, a batch at a time. */
  predictions(source: ImageSource, options?: Stoppable): AsyncGenerator<Predictions, void, void> {
    return this.#inference.predictions(source, options)
  }

  /** The same with the features that the head classifies by. */
  outputsOf(source: ImageSource, options?: Stoppable): AsyncGenerator<Predictions & Outputs, void, void> {
    return this.#inference.outputsOf(source, options)
  }

  /** Test-time augmentation over a source of images of its size. */
  tta(source: ImageSource, options: TtaOptions): Promise<TtaResult> {
    return evaluateAugmented(this.#ttaParts, source, options)
  }

  get #ttaParts(): TtaParts {
    const { model, store, batch, size } = this
    return { device: this.#device, model, store, batch, size, plain: this.#inference }
  }

  destroy(): void {
    this.#augmented?.inference.destroy()
    this.#inference.destroy()
    this.#arena.destroy()
    this.store.destroy()
  }
}

/** By its pixels (FNV-1a), so that an image is drawn alike wherever in whichever call it is: what is said of it is its own. */
function drawnBy(pixels: Uint8Array, images: number): Uint32Array {
  const words = new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.length / 4)
  const each = words.length / images
  return Uint32Array.from({ length: images }, (_, i) => {
    let hash = 0x811c9dc5
    for (const word of words.subarray(i * each, (i + 1) * each)) hash = Math.imul(hash ^ word, 0x01000193)
    return hash >>> 0
  })
}
