import type { ClassificationReport, Evaluation } from '@sporeprint/metrics'
import type { NearDuplicates } from '../data/near-duplicates.ts'
import type { Arch, Head } from '../nn/resnet.ts'
import type { LogEvent, SkippedFile, StartEvent } from '../train/spec.ts'
import type { CalibrationFigures } from '../weights/calibration.ts'
import type { ModelHints } from '../weights/model.ts'

/** `all`: every image of the folder as one set, whatever split it is in. */
export const evaluatedSplits = ['all', 'train', 'valid', 'test'] as const
export type EvaluatedSplit = (typeof evaluatedSplits)[number]

export interface EvaluateSpec {
  /** A checkpoint folder or file that training wrote, or a raw weights file. */
  model: string
  /** What a raw weights file does not say of itself. */
  hints?: ModelHints
  /** A folder of class folders, or one that holds `train/`, `valid/` and `test/`. Its classes are the model's, or some of them, by name. */
  data: string
  /**
   * Which sets; `each`: train, valid, and test where there is one; `default`: test where there is one, else `valid/`, else all images.
   * Default: `default`.
   */
  splits?: 'each' | 'default' | readonly EvaluatedSplit[]
  /** How training held out its validation images where the folder has no `valid/`; defaults as for a folder that is opened. */
  valid?: number
  shuffle?: boolean
  seed?: number
  folds?: number | null
  fold?: number
  /** Fingerprint of the images that the model was trained and validated on: it is told where the folder's are others. */
  fingerprint?: string | null
  /** Images computed at once; default 16. */
  batch?: number
  /** Worst and best images to keep of each set, with thumbnails, and most confused pairs whose images have them; default 16. */
  keep?: number
  /** ε of the loss, to compare it with one of training; default 0. */
  labelSmoothing?: number
  /**
   * Where the model has no calibration yet, make one of the folder's validation images and keep it in the model's file, which has to be
   * safetensors. It is told where there are too few of them. Default false.
   */
  calibrate?: boolean
  /** Look for near-duplicates across splits, for which every image of the folder is opened; default true. */
  nearDuplicates?: boolean
}

export interface EvaluateProgressEvent {
  type: 'progress'
  /** Decoding images into the cache; looking at size, brightness and likeness of the files; calibrating the model; classifying. */
  stage: 'images' | 'looks' | 'calibrate' | 'classify'
  /** What is classified, or asked about to calibrate. */
  split: EvaluatedSplit | null
  done: number
  total: number
}

export type EvaluateEvent = EvaluateProgressEvent | LogEvent

export interface SplitEvaluation extends Evaluation {
  split: EvaluatedSplit
  /** The report on those images that have no near-duplicate in train; null where all have none, or it was not looked for. */
  withoutNearDuplicates: ClassificationReport | null
}

export interface EvaluateResult {
  /** Where they were, as absolute paths. */
  model: string
  data: string
  arch: Arch
  head: Head
  /** The model's. */
  classes: string[]
  /** Side of the input, in pixels. */
  size: number
  /** The temperature by which the model's own calibration divided its logits beforehand; null where it has none. */
  calibratedBy: number | null
  /** All that there is to say of that calibration. */
  modelCalibration: CalibrationFigures | null
  /** Why `calibrate` has made none; null where it has, or was not asked. */
  uncalibrated: string | null
  adapter: StartEvent['adapter']
  evaluations: SplitEvaluation[]
  /** Across splits; null where they were not looked for. */
  nearDuplicates: NearDuplicates | null
  skipped: SkippedFile[]
  /** Of classifying alone. */
  imagesPerSecond: number
}
