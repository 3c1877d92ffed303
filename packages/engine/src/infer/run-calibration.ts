/** Calibrating a saved model on a folder of images, and writing what was found into its file. */
import { extname } from 'node:path'
import { openImageFolder } from '../data/image-folder.ts'
import type { ImageSource } from '../data/image-source.ts'
import { concatenated, labelsByName, relabelled } from '../data/views.ts'
import { EngineError } from '../errors.ts'
import type { TaskContext } from '../host/tasks.ts'
import { type Calibration, figuresOf } from '../weights/calibration.ts'
import { insideOf, writeWeightsFile } from '../weights/file.ts'
import { fileOf, type SavedModel } from '../weights/model.ts'
import { readModel } from '../weights/saved-model.ts'
import { calibrationOf } from './calibrate.ts'
import { Classifier } from './classifier.ts'
import type { Outputs } from './inference.ts'
import type { CalibrateEvent, CalibrateResult, CalibrateSpec } from './predict-spec.ts'

/** Runs `spec`. Throws DatasetError and EngineError; ABORTED when the signal fires. */
export async function runCalibration(
  spec: CalibrateSpec,
  { openDevice, onEvent, signal }: TaskContext<CalibrateEvent>,
): Promise<CalibrateResult> {
  const { split = 'valid', batch = 16 } = spec
  const saved = await readModel(spec.model, spec.hints)
  const out = await fileFor(spec)
  const { size } = saved.preprocessing
  const data = await openImageFolder(spec.data, {
    size,
    preparation: saved.preprocessing,
    holdOut: split !== 'all',
    signal,
    onProgress: (done, total) => onEvent({ type: 'progress', stage: 'images', done, total }),
  })
  try {
    if (data.skipped.length > 0) onEvent({ type: 'skipped', files: data.skipped })
    const { train, valid, test } = data
    const chosen = split === 'all' ? concatenated([train, valid, ...(test ? [test] : [])]) : valid
    const source = relabelled(chosen, saved.classes, labelsByName(data, saved).labels)
    const device = await openDevice()
    try {
      const classifier = await Classifier.load(device, saved, { batch })
      const onImages = (done: number): void =>
        onEvent({ type: 'progress', stage: 'predictions', done, total: source.length })
      const calibration = await calibrate(classifier, saved, source, { out, signal, onImages }).finally(() =>
        classifier.destroy(),
      )
      return { ...figuresOf(calibration), model: out }
    } finally {
      await device.destroy()
    }
  } finally {
    await data.close()
  }
}

/** Where a calibration is kept: in the model's own file, if nothing else is asked for. Throws BAD_CONFIG where that cannot hold one. */
export async function fileFor({ model, out }: Pick<CalibrateSpec, 'model' | 'out'>): Promise<string> {
  const file = out ?? (await insideOf(model))
  if (extname(file) === '.safetensors') return file
  throw new EngineError('BAD_CONFIG', `${file} is no safetensors file, which a calibration is kept in: name one as out`)
}

export interface CalibrateOptions {
  /** From `fileFor`; it is replaced in one rename. */
  out: string
  signal: AbortSignal
  /** Told how many images have been looked at. */
  onImages: (done: number) => void
}

/**
 * Asks a model, loaded from `saved`, about images that it was not trained on, and keeps the answer. The same model and images give the
 * same file. Throws BAD_DATASET for too few images.
 */
export async function calibrate(
  classifier: Classifier,
  saved: SavedModel,
  source: ImageSource,
  { out, signal, onImages }: CalibrateOptions,
): Promise<Calibration> {
  const outputs = await outputsOf(classifier, source, signal, onImages)
  const calibration = calibrationOf(outputs, saved.classes.length)
  await writeWeightsFile(out, fileOf({ ...saved, calibration }))
  return calibration
}

/** Everything that a model says of a source, with the labels of the images that could be read. */
async function outputsOf(
  classifier: Classifier,
  source: ImageSource,
  signal: AbortSignal,
  onImages: (done: number) => void,
): Promise<Outputs & { labels: number[] }> {
  const { classes, featureCount } = classifier.model
  const labels: number[] = []
  const logits = new Float32Array(source.length * classes.length)
  const features = new Float32Array(source.length * featureCount)
  for await (const said of classifier.outputsOf(source, { signal })) {
    logits.set(said.logits, labels.length * classes.length)
    features.set(said.features, labels.length * featureCount)
    labels.push(...said.labels)
    onImages(labels.length)
  }
  const images = labels.length
  return {
    labels,
    logits: logits.subarray(0, images * classes.length),
    features: features.subarray(0, images * featureCount),
  }
}
