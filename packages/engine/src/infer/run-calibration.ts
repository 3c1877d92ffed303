/** Calibrating a saved model on a folder of images, and writing what was found into its file. */
import { extname, join } from 'node:path'
import { type ImageFolder, openImageFolder } from '../data/image-folder.ts'
import type { ImageSource } from '../data/image-source.ts'
import { EngineError } from '../errors.ts'
import type { TaskContext } from '../host/tasks.ts'
import { figuresOf } from '../weights/calibration.ts'
import { insideOf, writeWeightsFile } from '../weights/file.ts'
import { fileOf, type SavedModel } from '../weights/model.ts'
import { readModel } from '../weights/saved-model.ts'
import { calibrationOf } from './calibrate.ts'
import { Classifier } from './classifier.ts'
import type { CalibrateEvent, CalibrateResult, CalibrateSpec } from './predict-spec.ts'

/** Runs `spec`. Throws DatasetError and EngineError; ABORTED when the signal fires. */
export async function runCalibration(
  spec: CalibrateSpec,
  { openDevice, onEvent, signal }: TaskContext<CalibrateEvent>,
): Promise<CalibrateResult> {
  const { split = 'valid', batch = 16 } = spec
  const saved = await readModel(spec.model, spec.hints)
  const out = spec.out ?? (await insideOf(spec.model))
  if (extname(out) !== '.safetensors') {
    throw new EngineError(
      'BAD_CONFIG',
      `${out} is no safetensors file, which a calibration is kept in: name one as out`,
    )
  }
  const { size } = saved.preprocessing
  const data = await openImageFolder(spec.data, {
    size,
    preparation: saved.preprocessing,
    signal,
    onProgress: (done, total) => onEvent({ type: 'progress', stage: 'images', done, total }),
  })
  try {
    if (data.skipped.length > 0) onEvent({ type: 'skipped', files: data.skipped })
    const source = withClassesOf(saved, split === 'all' ? allOf(data) : data.valid, spec.data)
    const device = await openDevice()
    try {
      const classifier = await Classifier.load(device, saved, { batch })
      const told = progressOf(source, (done) =>
        onEvent({ type: 'progress', stage: 'predictions', done, total: source.length }),
      )
      const outputs = await classifier.outputs(told, { signal }).finally(() => classifier.destroy())
      const calibration = calibrationOf(outputs, saved.classes.length)
      await writeWeightsFile(out, fileOf({ ...saved, calibration }))
      return { ...figuresOf(calibration), model: out }
    } finally {
      await device.destroy()
    }
  } finally {
    await data.close()
  }
}

/** A source whose labels are the model's, by the names of classes. Throws BAD_DATASET for a class that the model has not. */
function withClassesOf({ classes, path }: SavedModel, source: ImageSource, folder: string): ImageSource {
  const places = source.classes.map((name) => classes.indexOf(name))
  const unknown = source.classes.filter((_, i) => places[i] === -1)
  if (unknown.length > 0) {
    throw new EngineError(
      'BAD_DATASET',
      `${join(folder, unknown[0] as string)} is no class of ${path}, which knows ${classes.join(', ')}: rename the folder, or leave it out`,
    )
  }
  const { size, length, paths } = source
  const labels = source.labels.map((label) => places[label] as number)
  return { size, length, paths, classes, labels, read: (indices, out) => source.read(indices, out) }
}

/** Training, validation and test images as one source. */
function allOf({ train, valid, test }: ImageFolder): ImageSource {
  const parts = [train, valid, test].filter((part) => part !== null)
  const places = parts.flatMap((part) => Array.from({ length: part.length }, (_, index) => ({ part, index })))
  const imageBytes = 4 * train.size ** 2
  return {
    size: train.size,
    length: places.length,
    classes: train.classes,
    labels: Uint32Array.from(places, ({ part, index }) => part.labels[index] as number),
    paths: places.map(({ part, index }) => part.paths[index] as string),
    async read(indices, out) {
      const unreadable = await Promise.all(
        Array.from(indices, async (place, i) => {
          const { part, index } = places[place] as (typeof places)[number]
          const missing = await part.read([index], out.subarray(i * imageBytes, (i + 1) * imageBytes))
          return missing && missing.length > 0 ? [i] : []
        }),
      )
      return unreadable.flat()
    },
  }
}

/** Tells how many images have been asked for. */
function progressOf(source: ImageSource, onProgress: (done: number) => void): ImageSource {
  let done = 0
  const { size, length, classes, labels, paths } = source
  return {
    size,
    length,
    classes,
    labels,
    paths,
    read: (indices, out) => {
      onProgress((done += indices.length))
      return source.read(indices, out)
    },
  }
}
