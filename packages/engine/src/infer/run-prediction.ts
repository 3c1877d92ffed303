/** Predicting image files, from a spec to a result: reading the model, preparing images as it wants them, one batch ahead. */
import { createHash, hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolveAugmentation } from '../augment/augmentation.ts'
import { decodeImage, UnreadableImageError } from '../data/decode-image.ts'
import { EngineError, throwIfAborted } from '../errors.ts'
import type { TaskContext } from '../host/tasks.ts'
import { figuresOf } from '../weights/calibration.ts'
import { insideOf } from '../weights/file.ts'
import type { SavedModel } from '../weights/model.ts'
import { readModel } from '../weights/saved-model.ts'
import { Classifier, type ClassifyOptions } from './classifier.ts'
import type {
  ImageInput,
  ImagePrediction,
  PredictEvent,
  PredictedModel,
  PredictResult,
  PredictSpec,
  UnreadableImage,
} from './predict-spec.ts'
import { checkPredictionOptions } from './prediction.ts'

/** Runs `spec`. Throws BAD_WEIGHTS, BAD_CONFIG, OUT_OF_MEMORY; ABORTED when the signal fires. Unreadable images are no failure. */
export async function runPrediction(
  spec: PredictSpec,
  { openDevice, onEvent, signal }: TaskContext<PredictEvent>,
): Promise<PredictResult> {
  const options = classifyOptions(spec)
  const started = performance.now()
  const saved = await readModel(spec.model, spec.hints)
  const model = await describe(saved, spec)
  const device = await openDevice()
  try {
    const batch = spec.batch ?? Math.max(1, Math.min(16, spec.images.length))
    const classifier = await Classifier.load(device, saved, { batch })
    const loaded = performance.now()
    try {
      const predictions: ImagePrediction[] = []
      const unreadable: UnreadableImage[] = []
      const total = spec.images.length
      let done = 0
      for await (const images of prepared(spec.images, batch, saved)) {
        throwIfAborted(signal)
        const { readable, pixels } = images
        const said = readable.length > 0 ? await classifier.predict(pixels, { ...options, signal }) : []
        const made = said.map((prediction, i) => ({ ...(readable[i] as Named), model: model.sha256, ...prediction }))
        predictions.push(...made)
        unreadable.push(...images.unreadable)
        done += readable.length + images.unreadable.length
        onEvent({ type: 'predictions', predictions: made, done, total })
      }
      device.check()
      return {
        adapter: device.adapter,
        model,
        predictions,
        unreadable,
        peakBytes: classifier.peakBytes,
        loadSeconds: (loaded - started) / 1000,
        predictSeconds: (performance.now() - loaded) / 1000,
      }
    } finally {
      classifier.destroy()
    }
  } finally {
    await device.destroy()
  }
}

/** Checked before anything is opened. */
function classifyOptions({ tta, temperature, abstain, top }: PredictSpec): ClassifyOptions {
  const options = { temperature, abstain, top }
  checkPredictionOptions(options)
  if (!tta) return options
  const { augment = 'default', passes = 4, share = 0.25, seed = 0 } = tta
  const allowed = Number.isInteger(passes) && passes >= 1 && share >= 0 && share <= 1
  if (!allowed) {
    throw new EngineError(
      'BAD_CONFIG',
      `tta takes passes of at least 1 and a share from 0 to 1, not ${passes} and ${share}`,
    )
  }
  return { ...options, tta: { augment: resolveAugmentation(augment), passes, share, seed } }
}

async function describe(saved: SavedModel, { temperature }: PredictSpec): Promise<PredictedModel> {
  const { path, arch, head, classes, preprocessing, calibration } = saved
  return {
    path,
    sha256: await fileHash(await insideOf(path)),
    arch,
    head,
    classes,
    preprocessing,
    temperature: temperature ?? calibration?.temperature ?? 1,
    temperatureFrom: temperature !== undefined ? 'given' : calibration ? 'calibration' : 'none',
    calibration: calibration && figuresOf(calibration),
  }
}

async function fileHash(path: string): Promise<string> {
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) digest.update(chunk as Buffer)
  return digest.digest('hex')
}

interface Named {
  image: string
  sha256: string
}

interface PreparedBatch {
  readable: Named[]
  /** u8 RGBA [readable, size, size, 4]. */
  pixels: Uint8Array
  unreadable: UnreadableImage[]
}

/** The images in batches, of which the next is read and decoded while the consumer works. */
async function* prepared(
  images: readonly ImageInput[],
  batch: number,
  { preprocessing }: SavedModel,
): AsyncGenerator<PreparedBatch, void, void> {
  const prepare = async (first: number): Promise<PreparedBatch> => {
    const readable: Named[] = []
    const unreadable: UnreadableImage[] = []
    const { size } = preprocessing
    const pixels = new Uint8Array(Math.min(batch, images.length - first) * 4 * size * size)
    for (const { image, ...read } of await Promise.all(
      images.slice(first, first + batch).map((input) => readImage(input, preprocessing)),
    )) {
      if ('reason' in read) unreadable.push({ image, reason: read.reason })
      else {
        pixels.set(read.pixels, readable.length * 4 * size * size)
        readable.push({ image, sha256: read.sha256 })
      }
    }
    return { readable, pixels: pixels.subarray(0, readable.length * 4 * size * size), unreadable }
  }
  let next = prepare(0)
  for (let first = 0; first < images.length; first += batch) {
    const ready = await next
    next = prepare(first + batch)
    // Whoever leaves early hears nothing of it.
    next.catch(() => {})
    yield ready
  }
}

type ReadImage = { image: string } & ({ sha256: string; pixels: Uint8Array } | { reason: string })

async function readImage(input: ImageInput, preprocessing: SavedModel['preprocessing']): Promise<ReadImage> {
  const image = typeof input === 'string' ? input : input.name
  try {
    const bytes = typeof input === 'string' ? await readFile(input) : input.bytes
    const pixels = await decodeImage(bytes, preprocessing.size, preprocessing)
    return { image, sha256: hash('sha256', bytes), pixels }
  } catch (error) {
    if (error instanceof UnreadableImageError) return { image, reason: error.message }
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return { image, reason: code === 'ENOENT' ? 'there is no such file' : message }
  }
}
