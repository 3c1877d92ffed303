/** What an explanation is asked for, and what it comes to: plain data that crosses processes. */
import type { ExplanationData, Rgb, Segmenter } from '@sporeprint/explain'
import type { Preparation } from '../data/resample.ts'
import type { FeatureLayer } from '../nn/resnet.ts'
import type { ModelHints } from '../weights/model.ts'

export const explainMethods = ['lime', 'shap', 'occlusion', 'gradcam'] as const

export type ExplainMethod = (typeof explainMethods)[number]

export interface ExplainSettings {
  method: ExplainMethod
  /** LIME's and KernelSHAP's superpixels. */
  segmenter: Segmenter
  /** What stands where a superpixel is hidden, [red, green, blue] of bytes; null: the mean of each. */
  hideColour: Rgb | null
  /** Pictures that the model classifies for LIME and KernelSHAP; at most so many where LIME is stable. */
  samples: number
  /** LIME with less noise, which stops as soon as it knows (`stableLime`). */
  stable: boolean
  /** Classes to explain, by name or by index; null: the likeliest `topLabels`. */
  labels: readonly (string | number)[] | null
  topLabels: number
  seed: number
  /** Side of occlusion's patch and how far it moves, in pixels; null: an eighth and a sixteenth of the picture. */
  patch: number | null
  stride: number | null
  /** Whose output Grad-CAM weighs. */
  layer: FeatureLayer
  /** Whether to measure how faithful each explanation is. */
  faithfulness: boolean
}

/** LIME as its authors' package does it. */
export const explainDefaults: ExplainSettings = {
  method: 'lime',
  segmenter: { name: 'quickshift' },
  hideColour: null,
  samples: 1000,
  stable: false,
  labels: null,
  topLabels: 1,
  seed: 0,
  patch: null,
  stride: null,
  layer: 'layer4',
  faithfulness: false,
}

export interface ExplainInput {
  /** A file; where there are `bytes`, what to call them. */
  path: string
  bytes?: Uint8Array
  /** Classes to explain for this image; by default those of the settings. */
  labels?: readonly (string | number)[]
}

export interface ExplainSpec {
  /** A checkpoint's folder or file, or a raw weights file. */
  model: string
  hints?: ModelHints
  images: readonly ExplainInput[]
  /** What departs from `explainDefaults`. */
  settings?: Partial<ExplainSettings>
  /** Samples computed at once. Default 16. */
  batch?: number
}

export type ExplainEvent =
  | { type: 'prepare'; stage: 'pipelines'; done: number; total: number }
  /** Pictures classified so far for image `image` of `images`, of `ofSamples` where that is known. */
  | { type: 'progress'; image: number; images: number; samples: number; ofSamples: number | null }

/** How far an explanation can be trusted. */
export interface Faithfulness {
  /** Areas under the class's probability while pixels go, the most important first (low is faithful), or come (high is). */
  deletion: number
  insertion: number
  /** Mean of half the difference between removing the least and the most important pixels: high is faithful. */
  road: number
}

/** What speaks for one class in one image, and what against it. */
export interface ExplainedLabel {
  label: string
  index: number
  probability: number
  /** By superpixel, the largest first; null for methods by pixel. */
  weights: ExplanationData['weights'] | null
  /** Of LIME's and KernelSHAP's linear surrogate. */
  intercept: number | null
  r2: number | null
  localPrediction: number | null
  /** By pixel [size, size]: Grad-CAM in [0, 1], occlusion in probability; null for methods by superpixel. */
  map: Float32Array<ArrayBuffer> | null
  faithfulness: Faithfulness | null
}

export interface ImageExplanation {
  path: string
  /** Of the whole image, by class. */
  probabilities: number[]
  /** Superpixels as run lengths in row-major order [label, length, …] (`decodeRuns`); null for methods by pixel. */
  segments: { count: number; runs: number[] } | null
  /** The first is what `sporeprint explain` shows. */
  labels: ExplainedLabel[]
  /** Pictures that the model classified, those for faithfulness apart. */
  samples: number
  seconds: number
  /** Written to the device meanwhile. */
  uploadedBytes: number
}

export interface ExplainResult {
  method: ExplainMethod
  classes: string[]
  /** Side of what the network sees of an image: its centre square, in pixels. */
  size: number
  /** How its file becomes that: what `decodeImage` is to be told. */
  preparation: Preparation
  adapter: string
  images: ImageExplanation[]
}
