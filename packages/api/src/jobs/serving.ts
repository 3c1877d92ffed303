/** What workers are asked to predict and to explain, and what these come to: the engine's plain data, told again. */
import { z } from 'zod'
import { flag, oneOf, parseWith, real, whole } from './fields.ts'
import type { SkippedFile } from './train-events.ts'

/** An image's file on the worker's machine, and what people call it. */
export interface ImageFile {
  name: string
  path: string
}

const predictSettings = z.object({
  /** Average over augmented versions of each image, too. */
  tta: flag().default(false),
  /** An image whose likeliest class is less probable than this gets no label. */
  abstain: real(0, 1).default(0),
  /** What logits are divided by; null takes what the model's own validation images ask for. */
  temperature: real(0.01, 100).nullable().default(null),
})
export type PredictSettings = z.output<typeof predictSettings>

/** @throws InvalidInput naming each refused field under `input.`. */
export const parsePredictSettings = (input: object): PredictSettings => parseWith(predictSettings, input, 'input')

export interface PredictJob {
  /** The checkpoint's folder. */
  modelPath: string
  images: ImageFile[]
  settings: PredictSettings
}

export interface PredictedImage {
  /** Which of the job's images. */
  index: number
  /** Of the file. */
  sha256: string
  /** The most probable class; null where it is less probable than asked for. */
  label: string | null
  confidence: number
  /** By class, as are logits. */
  probabilities: number[]
  logits: number[]
  /** How unlike the images of the model's calibration it is, from 0 to 1, and whether that is too far; null where it has none. */
  distance: number | null
  outlier: boolean | null
  /** A data URL. */
  thumbnail: string
}

export interface PredictResult {
  modelSha256: string
  classes: string[]
  temperature: number
  images: PredictedImage[]
  /** Images that nothing could be said of, and why. */
  skipped: SkippedFile[]
}

export const explainMethods = ['lime', 'shap', 'occlusion', 'gradcam'] as const
export const segmenters = ['quickshift', 'slic', 'felzenszwalb', 'grid'] as const

const explainSettings = z.object({
  method: oneOf(explainMethods).default('lime'),
  /** Of the superpixels of LIME and KernelSHAP. */
  segmenter: oneOf(segmenters).default('quickshift'),
  /** Pictures that the model classifies for these two; at most so many where LIME is stable. */
  samples: whole(16, 20_000).default(1000),
  /** LIME with less noise, which stops as soon as it knows. */
  stable: flag().default(false),
  /** Classes to explain; null: the likeliest `topLabels`. */
  labels: z
    .array(z.string())
    .min(1, 'must name a class')
    .max(20, 'must be at most 20 classes')
    .nullable()
    .default(null),
  topLabels: whole(1, 20).default(1),
  /** Measure how faithful each explanation is. */
  faithfulness: flag().default(false),
  seed: whole(0, 2 ** 31 - 1).default(0),
})
export type ExplainSettings = z.output<typeof explainSettings>

/** @throws InvalidInput naming each refused field under `input.`. */
export const parseExplainSettings = (input: object): ExplainSettings => parseWith(explainSettings, input, 'input')

export interface ExplainJob {
  modelPath: string
  /** `labels`: of this image; null takes those of the settings. */
  images: (ImageFile & { labels: string[] | null })[]
  settings: ExplainSettings
}

/** Superpixels as run lengths in row-major order: [segment, length, segment, length, …]. */
export interface SegmentRuns {
  count: number
  runs: number[]
}

/** A superpixel's weight: what showing it adds to the class's probability. `low` and `high`: its interval, where there is one. */
export interface SegmentWeight {
  segment: number
  weight: number
  low?: number
  high?: number
}

/** How far an explanation can be trusted. */
export interface Faithfulness {
  deletion: number
  insertion: number
  road: number
}

/** What speaks for one class in one image, and what against it. */
export interface ExplainedLabel {
  label: string
  probability: number
  /** By superpixel, the largest first; null for methods by pixel, as are the three of the surrogate. */
  weights: SegmentWeight[] | null
  intercept: number | null
  r2: number | null
  localPrediction: number | null
  /** By pixel [size, size]: little-endian float32 in base64; null for methods by superpixel. */
  map: string | null
  /** null where it was not measured. */
  faithfulness: Faithfulness | null
}

export interface ExplainedImage {
  /** Of the file. */
  sha256: string
  /** What the network saw of it, as a data URL. */
  picture: string
  /** By class, of the whole image. */
  probabilities: number[]
  segments: SegmentRuns | null
  labels: ExplainedLabel[]
  samples: number
  seconds: number
}

export interface ExplainResult {
  modelSha256: string
  classes: string[]
  /** Side of what the network sees of an image, in pixels. */
  size: number
  /** In the order of the job's. */
  images: ExplainedImage[]
}
