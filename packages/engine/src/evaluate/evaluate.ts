/** A trained model on the images of a folder: the whole report, its slices, its worst and best images, and near-duplicates. */
import { resolve } from 'node:path'
import { type EvaluatedSample, EvaluationAccumulator, ReportAccumulator } from '@sporeprint/metrics'
import { DatasetError } from '../data/dataset-error.ts'
import { type ImageFolder, openImageFolder } from '../data/image-folder.ts'
import type { ImageSource } from '../data/image-source.ts'
import type { Look } from '../data/look.ts'
import { type ComparedImage, type NearDuplicates, nearDuplicates } from '../data/near-duplicates.ts'
import { concatenated, labelsByName, relabelled, thinned } from '../data/views.ts'
import { EngineError } from '../errors.ts'
import type { TaskContext } from '../host/tasks.ts'
import { Classifier } from '../infer/classifier.ts'
import { calibrate, fileFor } from '../infer/run-calibration.ts'
import { type Calibration, figuresOf } from '../weights/calibration.ts'
import type { SavedModel } from '../weights/model.ts'
import { readModel } from '../weights/saved-model.ts'
import { cutSet } from './cuts.ts'
import { lookAtFiles } from './looks.ts'
import type {
  EvaluatedSplit,
  EvaluateEvent,
  EvaluateProgressEvent,
  EvaluateResult,
  EvaluateSpec,
  SplitEvaluation,
} from './spec.ts'
import { withThumbnails } from './thumbnails.ts'

/**
 * Evaluates `spec`, without augmentation. Throws as `readModel` and `openImageFolder`; BAD_DATASET also for a class that the
 * model does not know and for a split that there is not; ABORTED when the signal fires.
 */
export async function runEvaluation(spec: EvaluateSpec, context: TaskContext<EvaluateEvent>): Promise<EvaluateResult> {
  const { onEvent, signal } = context
  const warn = (message: string): void => onEvent({ type: 'log', level: 'warn', message })
  const saved = await readModel(spec.model, spec.hints)
  const { splits = 'default', valid, shuffle, seed, folds, fold } = spec
  const toCalibrate = spec.calibrate === true && saved.calibration === null
  const folder = await openImageFolder(spec.data, {
    ...{ valid, shuffle, seed, folds, fold, signal },
    size: saved.preprocessing.size,
    preparation: saved.preprocessing,
    holdOut:
      toCalibrate ||
      splits === 'each' ||
      (splits !== 'default' && splits.some((name) => name === 'train' || name === 'valid')),
    onProgress: (done, total) => onEvent({ type: 'progress', stage: 'images', split: null, done, total }),
    onSkipped: ({ path, reason }) => warn(`skipped ${path}: ${reason}`),
  })
  try {
    if (spec.fingerprint != null && spec.fingerprint !== folder.fingerprint) {
      warn(`${spec.data} has other images than the model was trained on: some may be in another split than they were`)
    }
    const { labels, missing } = labelsByName(folder, saved)
    if (missing.length > 0) {
      warn(`${folder.root} has no images of ${missing.join(', ')}: each counts as 0 in the macro average of F1`)
    }
    const sources = chooseSources(folder, splits)
    const compared = spec.nearDuplicates === false ? [] : imagesOf(folder)
    const paths = new Set([...sources.values()].flatMap((source) => source.paths))
    for (const { path } of compared) paths.add(path)
    const looks = await lookAtFiles(folder.root, [...paths], {
      signal,
      onProgress: (done, total) => onEvent({ type: 'progress', stage: 'looks', split: null, done, total }),
    })
    const copies = findCopies(compared, looks)
    const device = await context.openDevice()
    try {
      const batch = Math.min(spec.batch ?? 16, Math.max(...Array.from(sources.values(), ({ length }) => length)))
      const classifier = await Classifier.load(device, saved, { batch })
      try {
        const { calibration, uncalibrated } = toCalibrate
          ? await calibrateOn(folder.valid, { classifier, saved, labels, model: spec.model, context })
          : { calibration: saved.calibration, uncalibrated: null }
        const calibratedBy = calibration?.temperature ?? null
        const evaluate = { spec, folder, looks, inTrain: copies.inTrain, calibratedBy, context }
        const began = performance.now()
        const evaluations: SplitEvaluation[] = []
        for (const [split, source] of sources) {
          evaluations.push(await evaluateSplit(classifier, split, relabelled(source, saved.classes, labels), evaluate))
        }
        const seconds = (performance.now() - began) / 1000
        const { name, vendor, software } = device.adapter
        return {
          model: resolve(spec.model),
          data: folder.root,
          arch: saved.arch,
          head: saved.head,
          classes: saved.classes,
          size: saved.preprocessing.size,
          calibratedBy,
          modelCalibration: calibration && figuresOf(calibration),
          uncalibrated,
          adapter: { name, vendor, software },
          evaluations,
          nearDuplicates: spec.nearDuplicates === false ? null : copies.found,
          skipped: folder.skipped,
          imagesPerSecond: evaluations.reduce((sum, { n }) => sum + n, 0) / seconds,
        }
      } finally {
        classifier.destroy()
      }
    } finally {
      await device.destroy()
    }
  } finally {
    await folder.close()
  }
}

/** Their features are held in memory: 16 KB each at most. */
const mostToCalibrate = 10_000

interface Uncalibrated {
  classifier: Classifier
  saved: SavedModel
  labels: readonly number[]
  model: string
  context: TaskContext<EvaluateEvent>
}

/** Calibrates the model on its folder's validation images; none, and why, where they are too few. */
async function calibrateOn(
  valid: ImageSource,
  { classifier, saved, labels, model, context: { signal, onEvent } }: Uncalibrated,
): Promise<{ calibration: Calibration | null; uncalibrated: string | null }> {
  const source = relabelled(thinned(valid, mostToCalibrate), saved.classes, labels)
  const onImages = (done: number): void =>
    onEvent({ type: 'progress', stage: 'calibrate', split: 'valid', done, total: source.length })
  try {
    const out = await fileFor({ model })
    return { calibration: await calibrate(classifier, saved, source, { out, signal, onImages }), uncalibrated: null }
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'BAD_DATASET') throw error
    onEvent({ type: 'log', level: 'warn', message: `the model is not calibrated: ${error.message}` })
    return { calibration: null, uncalibrated: error.message }
  }
}

/** What is evaluated, by name, in order. */
function chooseSources(
  { root, train, valid, test }: ImageFolder,
  wanted: NonNullable<EvaluateSpec['splits']>,
): Map<EvaluatedSplit, ImageSource> {
  const there: Record<EvaluatedSplit, ImageSource | null> = {
    all: concatenated([train, valid, ...(test ? [test] : [])]),
    train,
    valid: valid.length > 0 ? valid : null,
    test,
  }
  const chosen: readonly EvaluatedSplit[] =
    wanted === 'each'
      ? (['train', 'valid', 'test'] as const).filter((name) => there[name])
      : wanted === 'default'
        ? [(['test', 'valid'] as const).find((name) => there[name]) ?? 'all']
        : wanted
  return new Map(
    chosen.map((name) => {
      const source = there[name]
      if (source && source.length > 0) return [name, source]
      throw new DatasetError('too-few-images', root, `${root} has no images for ${name}: ${cures[name]}`)
    }),
  )
}

const cures: Record<EvaluatedSplit, string> = {
  all: 'add some, or name another folder',
  train: 'add some, or evaluate another split',
  valid: 'add a valid/ folder, or evaluate another split',
  test: 'add a test/ folder beside train/, or evaluate another split',
}

/** Every image of the folder, with the split that it is in. */
function imagesOf({ train, valid, test, classes }: ImageFolder): ComparedImage[] {
  return Object.entries({ train, valid, test }).flatMap(([split, source]) =>
    (source?.paths ?? []).map((path, i) => ({
      path,
      class: classes[source?.labels[i] as number] as string,
      split: split as ComparedImage['split'],
    })),
  )
}

/** Near-duplicates across splits, and the paths of those images elsewhere that have one in train. */
function findCopies(
  images: readonly ComparedImage[],
  looks: ReadonlyMap<string, Look>,
): { found: NearDuplicates; inTrain: Set<string> } {
  const inTrain = new Set<string>()
  const splits = ['train', 'valid', 'test']
  const found = nearDuplicates(
    images,
    images.map(({ path }) => looks.get(path)?.hash ?? null),
    (i, j) => {
      // Splits follow each other: of a pair apart the first is the one in train.
      if (images[i]?.split === 'train') inTrain.add(images[j]?.path as string)
      return true
    },
    { apart: Uint8Array.from(images, ({ split }) => splits.indexOf(split)) },
  )
  return { found, inTrain }
}

interface Surroundings {
  spec: EvaluateSpec
  folder: ImageFolder
  looks: ReadonlyMap<string, Look>
  inTrain: ReadonlySet<string>
  calibratedBy: number | null
  context: TaskContext<EvaluateEvent>
}

async function evaluateSplit(
  classifier: Classifier,
  split: EvaluatedSplit,
  source: ImageSource,
  { spec, folder, looks, inTrain, calibratedBy, context }: Surroundings,
): Promise<SplitEvaluation> {
  const { keep = 16, labelSmoothing = 0 } = spec
  const { classes, paths } = source
  const { cuts, parts } = cutSet(
    paths.map((path, i) => ({ path, class: classes[source.labels[i] as number] as string, look: looks.get(path) })),
  )
  const whole = new EvaluationAccumulator({ classes, keep, labelSmoothing, cuts })
  const apart = new ReportAccumulator({ classes, labelSmoothing })
  // In train itself nothing is too well known, and all of a folder is not judged by its training part.
  const known = split === 'valid' || split === 'test' ? paths.map((path) => inTrain.has(path)) : []
  const progress = (done: number): EvaluateProgressEvent => {
    return { type: 'progress', stage: 'classify', split, done, total: source.length }
  }
  let done = 0
  for await (const { labels, indices, logits } of classifier.predictions(source, { signal: context.signal })) {
    if (calibratedBy !== null) for (const [i, logit] of logits.entries()) logits[i] = logit / calibratedBy
    whole.add(
      labels,
      logits,
      Array.from(indices, (i) => ({ path: paths[i] as string, parts: parts[i] as (number | null)[] })),
    )
    for (const [i, index] of indices.entries()) {
      if (known[index]) continue
      const row = logits.subarray(i * classes.length, (i + 1) * classes.length)
      apart.add(labels.subarray(i, i + 1), row)
    }
    done += labels.length
    context.onEvent(progress(done))
  }
  const evaluation = whole.evaluation()
  const pictures = (samples: EvaluatedSample[]): Promise<EvaluatedSample[]> => withThumbnails(folder.root, samples)
  return {
    ...evaluation,
    split,
    mostConfused: await Promise.all(
      evaluation.mostConfused.map(async (pair, i) =>
        i < keep ? { ...pair, images: await pictures(pair.images) } : pair,
      ),
    ),
    topLosses: await pictures(evaluation.topLosses),
    bottomLosses: await pictures(evaluation.bottomLosses),
    withoutNearDuplicates: known.includes(true) ? apart.report() : null,
  }
}
