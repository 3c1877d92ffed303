/** The task `explain`: images of files, explained one after another on one device. */
import { readFile } from 'node:fs/promises'
import { ExplainInputError } from '@sporeprint/explain'
import { decodeImage, UnreadableImageError } from '../data/decode-image.ts'
import type { Preparation } from '../data/resample.ts'
import { EngineError } from '../errors.ts'
import type { Device } from '../gpu/device.ts'
import { readModel } from '../weights/saved-model.ts'
import { Explainer, indicesOf } from './explainer.ts'
import {
  type ExplainEvent,
  type ExplainInput,
  type ExplainResult,
  type ExplainSpec,
  explainDefaults,
  type ImageExplanation,
} from './spec.ts'

export interface ExplainContext {
  openDevice(): Promise<Device>
  onEvent(event: ExplainEvent): void
  signal: AbortSignal
}

/**
 * Explains the images of `spec`. Model and images are read before a device is opened. Throws BAD_WEIGHTS, BAD_CONFIG, BAD_DATASET for
 * an image that cannot be read, ABORTED when the signal fires.
 */
export async function runExplain(spec: ExplainSpec, context: ExplainContext): Promise<ExplainResult> {
  const { onEvent, signal } = context
  const saved = await readModel(spec.model, spec.hints)
  const { size, crop, interpolation } = saved.preprocessing
  const preparation = { crop, interpolation }
  const settings = { ...explainDefaults, ...spec.settings }
  const pixels: Uint8Array[] = []
  for (const input of spec.images) {
    indicesOf(input.labels ?? settings.labels ?? [], saved.classes)
    pixels.push(await decoded(input, size, preparation))
  }
  const device = await context.openDevice()
  try {
    const onPipeline = (done: number, total: number) => onEvent({ type: 'prepare', stage: 'pipelines', done, total })
    const explainer = Explainer.load(device, saved, { onPipeline, ...(spec.batch && { batch: spec.batch }) })
    const images: ImageExplanation[] = []
    for (const [image, { path, labels }] of spec.images.entries()) {
      const onSamples = (samples: number, ofSamples: number | null) =>
        onEvent({ type: 'progress', image, images: spec.images.length, samples, ofSamples })
      const own = { ...settings, labels: labels ?? settings.labels }
      const explained = await explainer.explain(pixels[image] as Uint8Array, own, { signal, onSamples }).catch(asConfig)
      images.push({ path, ...explained })
    }
    explainer.destroy()
    return { method: settings.method, classes: saved.classes, size, preparation, adapter: device.adapter.name, images }
  } finally {
    await device.destroy()
  }
}

/** Settings that the methods refuse are the caller's. */
function asConfig(error: unknown): never {
  if (error instanceof ExplainInputError) throw new EngineError('BAD_CONFIG', error.message, { cause: error })
  throw error
}

async function decoded({ path, bytes }: ExplainInput, size: number, preparation: Preparation): Promise<Uint8Array> {
  try {
    return await decodeImage(bytes ?? (await readFile(path)), size, preparation)
  } catch (error) {
    if (error instanceof UnreadableImageError)
      throw new EngineError('BAD_DATASET', `${path}: ${error.message}`, { cause: error })
    if (bytes) throw error
    throw new EngineError('BAD_DATASET', `${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
