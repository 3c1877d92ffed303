/** What a prediction of image files is asked for and what it comes to: plain data, as train/spec.ts. */
import type { AugmentationInput } from '../augment/augmentation.ts'
import type { AdapterInfo } from '../gpu/device.ts'
import type { Arch, Head } from '../nn/resnet.ts'
import type { SkippedFile } from '../train/spec.ts'
import type { CalibrationFigures } from '../weights/calibration.ts'
import type { ModelHints } from '../weights/model.ts'
import type { WeightsPreprocessing } from '../weights/preprocessing.ts'
import type { Prediction, PredictionOptions } from './prediction.ts'

/** An image to look at: a file, or bytes and what to call them. Formats are those of `decodeImage`. */
export type ImageInput = string | { name: string; bytes: Uint8Array }

/** Test-time augmentation: each image is seen as it is and in `passes` augmented versions, and the probabilities are averaged. */
export interface PredictTta {
  /** A preset's name, or numbers as for training. Default `default`. */
  augment?: AugmentationInput | undefined
  /** Default 4. */
  passes?: number | undefined
  /** Share of the image as it is in the mean; default .25. */
  share?: number | undefined
  seed?: number | undefined
}

export interface PredictSpec extends PredictionOptions {
  /** A checkpoint folder or file, or a raw weights file. */
  model: string
  /** What a raw weights file does not say of itself. */
  hints?: ModelHints | undefined
  images: readonly ImageInput[]
  /** Default none. */
  tta?: PredictTta | null | undefined
  /** Images computed at once; default 16, or as many as there are. */
  batch?: number | undefined
}

/** A prediction of one file. */
export interface ImagePrediction extends Prediction {
  /** As it was named. */
  image: string
  /** SHA-256 of the file's bytes. */
  sha256: string
  /** SHA-256 of the file of weights. */
  model: string
}

export interface UnreadableImage {
  image: string
  /** In plain words; fits after the file's name. */
  reason: string
}

/** Told as images are done, in their order, a batch at a time. */
export type PredictEvent = { type: 'predictions'; predictions: ImagePrediction[]; done: number; total: number }

/** Where a temperature came from. */
export type TemperatureSource = 'given' | 'calibration' | 'none'

export interface PredictedModel {
  path: string
  /** SHA-256 of the file of weights. */
  sha256: string
  arch: Arch
  head: Head
  classes: string[]
  preprocessing: WeightsPreprocessing
  /** What logits were divided by: 1 where nothing says otherwise. */
  temperature: number
  temperatureFrom: TemperatureSource
  calibration: CalibrationFigures | null
}

export interface PredictResult {
  adapter: AdapterInfo
  model: PredictedModel
  /** In the order of the images, without those that could not be read. */
  predictions: ImagePrediction[]
  unreadable: UnreadableImage[]
  /** Device memory: weights, activations, images. */
  peakBytes: number
  /** Reading the model and making its program; and all that came after. */
  loadSeconds: number
  predictSeconds: number
}

export interface CalibrateSpec {
  /** A checkpoint folder or file, or a raw weights file. */
  model: string
  hints?: ModelHints | undefined
  /** A folder of class folders, or one that holds `train/` and `valid/`. */
  data: string
  /** `valid`: what training on the folder holds out by default. `all`: every image, of a folder that was not trained on. */
  split?: 'valid' | 'all' | undefined
  /** Where the calibrated model is written: a safetensors file. Default: the model's own file, which then has to be one. */
  out?: string | undefined
  batch?: number | undefined
}

export type CalibrateEvent =
  | { type: 'progress'; stage: 'images' | 'predictions'; done: number; total: number }
  | { type: 'skipped'; files: SkippedFile[] }

export interface CalibrateResult extends CalibrationFigures {
  /** The file that has the calibration. */
  model: string
}
