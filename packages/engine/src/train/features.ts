/**
 * A body that is still makes the same features of an image in every epoch. So they are made once, and the head trains and is evaluated
 * on them: a source of images whose "pixels" are features. Numbers are those of the whole network, to the bit.
 */
import type { ClassificationReport } from '@sporeprint/metrics'
import { type Compiled, compile, Program } from '../compile/program.ts'
import type { ParameterStore } from '../compile/store.ts'
import type { ImageSource } from '../data/image-source.ts'
import { batches } from '../data/loader.ts'
import { throwIfAborted } from '../errors.ts'
import type { Device } from '../gpu/device.ts'
import { Pacer } from '../gpu/pacing.ts'
import { bytesOf, type Tensor } from '../graph/tensor.ts'
import { type EvaluateOptions, Inference } from '../infer/inference.ts'
import type { ResNet } from '../nn/resnet.ts'
import { featureGraph, headEvaluationGraph } from './graphs.ts'
import type { Precision } from './spec.ts'

/** Most bytes of features that are kept in the host's memory: of 65,000 images, for the largest head. */
const mostBytes = 2 ** 30

interface StillBodyOptions {
  batch: number
  precision: Precision
  train: ImageSource
  /** null where validation is to take the whole way. */
  valid: ImageSource | null
  arenaFor(compiled: Compiled): Promise<GPUBuffer>
  signal?: AbortSignal | undefined
}

/** What a body that is still has made of all images. */
export class StillBody {
  readonly train: ImageSource
  readonly valid: { evaluate(options: EvaluateOptions): Promise<ClassificationReport> } | null
  readonly #inference: Inference | null

  private constructor(train: ImageSource, valid: ImageSource | null, inference: Inference | null) {
    this.train = train
    this.#inference = inference
    this.valid = valid && inference && { evaluate: (options) => inference.evaluate(valid, options) }
  }

  /** Whether the features of all images may be kept. */
  static fits(model: ResNet, sources: readonly ImageSource[]): boolean {
    const images = sources.reduce((sum, { length }) => sum + length, 0)
    return 4 * model.featureCount * images <= mostBytes
  }

  static async compute(
    device: Device,
    model: ResNet,
    store: ParameterStore,
    { batch, precision, train, valid, arenaFor, signal }: StillBodyOptions,
  ): Promise<StillBody> {
    const features = async (source: ImageSource, precision: Precision): Promise<ImageSource> => {
      const { graph, pixels, features } = featureGraph(model, { batch, size: source.size }, precision)
      const compiled = compile(device, 'features', graph)
      const program = await Program.record(device, compiled, store, await arenaFor(compiled))
      try {
        return await featuresOf(program, pixels, features, new Pacer(device), source, signal)
      } finally {
        program.destroy()
      }
    }
    const trained = await features(train, precision)
    // Evaluation is f32, as everywhere.
    const validated = valid && (await features(valid, 'f32'))
    const head = headEvaluationGraph(model, batch)
    const compiled = compile(device, 'evaluation of the head', head.graph)
    const inference =
      validated &&
      (await Inference.record(
        device,
        model,
        batch,
        { ...head, pixels: head.features },
        compiled,
        store,
        await arenaFor(compiled),
      ))
    return new StillBody(trained, validated, inference)
  }

  destroy(): void {
    this.#inference?.destroy()
  }
}

async function featuresOf(
  program: Program,
  pixels: Tensor,
  features: Tensor,
  pacer: Pacer,
  source: ImageSource,
  signal?: AbortSignal,
): Promise<ImageSource> {
  const batch = features.shape[0] ?? 1
  const imageBytes = bytesOf(features) / batch
  const all = new Uint8Array(source.length * imageBytes)
  /** Images that could be read. */
  const known = new Set<number>()
  const order = { batch, sampling: 'sequential', seed: 0, epoch: 0, dropLast: false } as const
  for await (const images of batches(source, order)) {
    throwIfAborted(signal)
    program.write(pixels, images.pixels)
    const submitted = performance.now()
    program.run([features])
    await pacer.settle('features', submitted)
    const made = new Uint8Array(await program.read(features))
    for (const [i, image] of images.indices.subarray(0, images.count).entries()) {
      all.set(made.subarray(i * imageBytes, (i + 1) * imageBytes), image * imageBytes)
      known.add(image)
    }
  }
  const { size, length, classes, labels, paths } = source
  return {
    size,
    length,
    classes,
    labels,
    paths,
    imageBytes,
    async read(indices, out) {
      for (let i = 0; i < indices.length; i++) {
        const image = indices[i] as number
        out.set(all.subarray(image * imageBytes, (image + 1) * imageBytes), i * imageBytes)
      }
      return Array.from(indices).flatMap((image, i) => (known.has(image) ? [] : [i]))
    },
  }
}
