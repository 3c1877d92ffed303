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
import { augmentWords } from '../kernels/augment.ts'
import type { ResNet } from '../nn/resnet.ts'
import { stepScalars } from '../train/step-scalars.ts'
import { type EvaluateOptions, type Inference, unpad } from './inference.ts'

export interface TtaOptions extends EvaluateOptions {
  augment: Augmentation
  /** Augmented versions of each image; default 4. */
  passes?: number
  /** Share of the plain image in the mean; default .25. */
  share?: number
  seed?: number
}

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

/** What is said of a source whose images have the network's size. Version v of an image is drawn as training draws it in epoch v. */
export async function evaluateAugmented(parts: TtaParts, source: ImageSource, options: TtaOptions): Promise<TtaResult> {
  const { device, model, store, batch, size, plain } = parts
  const { augment, passes = 4, share = 0.25, seed = 0, labelSmoothing = 0, classWeights = null, signal } = options
  if (!Number.isInteger(passes) || passes < 1)
    throw new RangeError(`passes must be a whole number of at least 1, not ${passes}`)
  if (!(share >= 0 && share <= 1)) throw new RangeError(`share must be from 0 to 1, not ${share}`)
  const classes = model.classes.length
  const graph = new Graph()
  const pixels = graph.io('pixels', [batch, size, size], 'u32')
  const draws = graph.io('draws', [batch, augmentWords], 'u32')
  const step = graph.io('step', [stepScalars.words], 'u32')
  const input = { draws, size, mixes: false }
  const logits = graph.keep(model.forward(graph, pixels, { training: false, activations: 'f32', step, augment: input }))
  const compiled = compile(device, 'augmented evaluation', graph)
  const arena = await createArena(device, [compiled])
  const program = await Program.record(device, compiled, store, arena)
  const pacer = new Pacer(device)
  const report = new ReportAccumulator({ classes: model.classes, labelSmoothing, classWeights })
  const probabilities = new Float32Array(source.length * classes).fill(Number.NaN)
  const order = { batch, sampling: 'sequential', seed: 0, epoch: 0, dropLast: false } as const
  try {
    for await (const images of batches(source, order)) {
      throwIfAborted(signal)
      const { count, indices } = images
      const labels = images.labels.subarray(0, count)
      const mean = softmax(await plain.logits(images.pixels), classes).map((p) => share * p)
      program.write(pixels, images.pixels)
      for (let pass = 0; pass < passes; pass++) {
        const of = { seed, epoch: pass, step: pass, indices, labels: images.labels }
        program.write(draws, drawBatch({ ...unchanged, augment }, { source: size, size }, of).draws)
        const submitted = performance.now()
        program.run([logits])
        await pacer.settle('augmented evaluation', submitted)
        const said = softmax(unpad(new Float32Array(await program.read(logits)), batch, classes), classes)
        for (const [i, p] of said.entries()) mean[i] = (mean[i] as number) + ((1 - share) / passes) * p
      }
      // The logarithm of a probability is a logit of it.
      report.add(
        labels,
        Float32Array.from(mean.subarray(0, count * classes), (p) => Math.log(Math.max(p, 1e-38))),
      )
      for (let i = 0; i < count; i++) {
        probabilities.set(mean.subarray(i * classes, (i + 1) * classes), (indices[i] as number) * classes)
      }
    }
  } finally {
    program.destroy()
    arena.destroy()
  }
  return { report: report.report(), probabilities }
}
