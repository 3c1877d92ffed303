/** The border between the platform and whatever trains: what a job asks, and how the worker's handler answers. */
import type { ClassificationReport, Evaluation } from '@sporeprint/metrics'
import { z } from 'zod'
import { type AugmentationInput, augmentation, augmentationPresets } from './augmentation.ts'
import { flag, oneOf, parseWith, real, whole } from './fields.ts'
import type { ExplainJob, ExplainResult, PredictJob, PredictResult } from './serving.ts'
import type { TrainEvent } from './train-events.ts'

export const archs = ['resnet18', 'resnet34', 'resnet50'] as const
export const schedules = ['flat_cos', 'one_cycle', 'cosine', 'constant', 'step', 'exponential', 'plateau'] as const
export const optimizers = ['adamw', 'sgd', 'nesterov'] as const
export const bodyNorms = ['train', 'statistics', 'frozen'] as const
export const classWeights = ['none', 'balanced'] as const
export const heads = ['concat', 'linear'] as const
export const samplings = ['shuffle', 'balanced', 'sequential'] as const
export const monitors = ['validLoss', 'accuracy', 'f1Weighted', 'f1Macro'] as const
export const precisions = ['f32', 'mixed'] as const

/** The tunable part of the engine's TrainSpec, with the defaults of the command line. */
const settings = z.strictObject({
  arch: oneOf(archs).default('resnet18'),
  /** A weights file, or the name of weights, to start from; null starts from scratch. */
  weights: z.string({ error: 'must be the path or name of weights' }).min(1).nullable().default(null),
  size: whole(32, 1024).default(224),
  progressive: z
    .array(z.strictObject({ size: whole(32, 1024), epochs: whole(1, 10_000) }), { error: 'must be a list of sizes' })
    .max(16, { error: 'must be at most 16 sizes' })
    .default([]),
  batch: whole(1, 4096).default(64),
  epochs: whole(0, 10_000).default(5),
  freezeEpochs: whole(0, 10_000).optional(),
  bodyNorm: oneOf(bodyNorms).default('train'),
  baseLr: real(1e-8, 10).default(2e-3),
  lrMult: real(1, 1e6).optional(),
  weightDecay: real(0, 10).default(0.01),
  decayNorms: flag().default(false),
  schedule: oneOf(schedules).default('flat_cos'),
  pctStart: real(0, 1).optional(),
  warmup: real(0, 1).default(0),
  gamma: real(0, 1).default(0.1),
  stepEpochs: whole(1, 10_000).default(10),
  plateauPatience: whole(0, 10_000).default(10),
  optimizer: oneOf(optimizers).default('adamw'),
  momentum: real(0, 0.9999).default(0.9),
  beta2: real(0, 0.99999).default(0.99),
  epsilon: real(0, 1).default(1e-5),
  accumulate: whole(1, 1024).default(1),
  clipNorm: real(1e-6, 1e6).nullable().default(null),
  emaDecay: real(0, 0.99999).nullable().default(null),
  labelSmoothing: real(0, 0.99).default(0.1),
  classWeights: oneOf(classWeights).default('none'),
  augmentation: augmentation.default(augmentationPresets.none),
  /** α of MixUp and of CutMix; 0 for not at all. */
  mixup: real(0, 10).default(0),
  cutmix: real(0, 10).default(0),
  head: oneOf(heads).default('concat'),
  precision: oneOf(precisions).default('f32'),
  monitor: oneOf(monitors).default('validLoss'),
  patience: whole(1, 10_000).nullable().default(null),
  seed: whole(0, 2 ** 31 - 1).default(42),
  valid: real(0.01, 0.9).default(0.2),
  folds: whole(2, 1000).nullable().default(null),
  fold: whole(0, 999).default(0),
  shuffle: flag().default(true),
  sampling: oneOf(samplings).optional(),
  checkpointEvery: real(0.001, 10_000).default(10),
})

const runConfig = settings
  // Without pretrained weights there is nothing to protect: no frozen phase, one rate for the whole network.
  .transform((config) => ({
    ...config,
    freezeEpochs: config.freezeEpochs ?? (config.weights === null ? 0 : 1),
    lrMult: config.lrMult ?? (config.weights === null ? 1 : 10),
    // fastai's.
    pctStart: config.pctStart ?? (config.schedule === 'one_cycle' ? 0.3 : 0.75),
    sampling: config.sampling ?? (config.shuffle ? ('shuffle' as const) : ('sequential' as const)),
  }))
  .refine((config) => config.epochs + config.freezeEpochs > 0, {
    path: ['epochs'],
    error: 'epochs and freezeEpochs must not both be 0',
  })
  .refine((config) => config.progressive.every(({ size }) => size <= config.size), {
    path: ['progressive'],
    error: 'no size may be above the last, which is size',
  })
  .refine((config) => config.fold < (config.folds ?? config.fold + 1), {
    path: ['fold'],
    error: 'fold must be below folds: they are counted from 0',
  })

/** Every tunable of a run, none left open. */
export type RunConfig = z.output<typeof runConfig>

/** The least and the greatest that a numeric setting may be; null for others. */
export function rangeOf(name: string): { low: number; high: number } | null {
  let type: unknown = Object.hasOwn(settings.shape, name) ? settings.shape[name as keyof typeof settings.shape] : null
  while (type instanceof z.ZodDefault || type instanceof z.ZodOptional || type instanceof z.ZodNullable) {
    type = type.unwrap()
  }
  if (!(type instanceof z.ZodNumber) || type.minValue === null || type.maxValue === null) return null
  return { low: type.minValue, high: type.maxValue }
}

/** What a client may leave out (or set to null) falls to its default. */
export type RunConfigInput = { [K in Exclude<keyof RunConfig, 'augmentation'>]?: RunConfig[K] | null | undefined } & {
  augmentation?: AugmentationInput | null | undefined
}

/**
 * Fills in the defaults and checks every value.
 * @throws InvalidInput naming each refused field under `config.`, its value and the range allowed.
 */
export const parseRunConfig = (input: RunConfigInput): RunConfig => parseWith(runConfig, input, 'config')

/** One training, as a worker's handler receives it. */
export interface TrainJob {
  runId: number
  config: RunConfig
  /** The dataset's folder, as seen from where it was imported. */
  datasetPath: string
  /** A folder of the run's own, for checkpoints and history. */
  outDir: string
  /** Go on from the last checkpoint in `outDir` if there is one: an earlier attempt was stopped or died. */
  resume: boolean
  /**
   * Of a study's trial: come to an end after so many epochs over both phases, with a checkpoint and an evaluation on the validation
   * images; the test split is left alone. Null trains to the end.
   */
  until: number | null
  /** Epochs of the second phase after which the schedule begins anew, rising. */
  restarts: number[]
}

export interface TrainContext {
  /** Aborted when the run is stopped, the worker shuts down, or another worker has taken the run over. */
  signal: AbortSignal
  /** Hands an event over to be stored in order; returns at once. */
  report(event: TrainEvent): void
}

/** The held-out parts of a dataset, and what is learnt from. */
export const splits = ['train', 'valid', 'test'] as const
export type SplitName = (typeof splits)[number]

/** An evaluation of a model on its own dataset, as a worker's handler receives it. */
export interface EvaluateJob {
  /** The checkpoint's folder, and the epoch after which it was written. */
  modelPath: string
  epoch: number
  datasetPath: string
  /** Those that the dataset has not are left out. */
  splits: SplitName[]
  /** How train and valid were told apart, where the folder does not. */
  cut: Pick<RunConfig, 'valid' | 'shuffle' | 'seed' | 'folds' | 'fold'>
  batch: number
  /** Calibrate the model first, on its validation images, unless it is calibrated: nobody is at work on its file. */
  calibrate: boolean
}

/** What a model's calibration has found, but for what predictions alone need. */
export interface ModelCalibration {
  /** Images that it was calibrated on. */
  images: number
  /** What logits are divided by. */
  temperature: number
  /** Mean −ln p of the label over those images, in nats, without and with the temperature. */
  before: number
  after: number
  /** How far 95 % of those images are from their nearest class, at most. */
  distance95: number
}

export interface SplitEvaluation extends Evaluation {
  split: SplitName
  /** The report on those images that have no near-duplicate in train; null where all have none. */
  withoutNearDuplicates: ClassificationReport | null
}

interface ComparedImage {
  path: string
  class: string
  split: SplitName
}

/** Two images in different splits that are nearly the same. */
export interface NearDuplicate {
  /** Bits in which their perceptual hashes differ. */
  distance: number
  first: ComparedImage
  second: ComparedImage
}

export interface EvaluateResult {
  evaluations: SplitEvaluation[]
  /** How many pairs there are, and the nearest of them. */
  nearDuplicates: { count: number; pairs: NearDuplicate[] }
  /** The model's, by whose temperature logits were divided; null where it has none. */
  calibration: ModelCalibration | null
  /** Why `calibrate` has made none; null where it has, or was not asked. */
  uncalibrated: string | null
  /** What else there is to say, for the run's log. */
  warnings: string[]
}

/** The range test: a short training at rising rates. */
export interface FindRateJob {
  config: RunConfig
  datasetPath: string
}

export interface FoundRate {
  /** A learning rate to train with and the range that is worth a search; null where the losses suggest none. */
  range: { rate: number; low: number; high: number } | null
}

/** What short jobs are given and come to, by kind. */
export interface ShortJobs {
  findRate: { job: FindRateJob; result: FoundRate }
  evaluate: { job: EvaluateJob; result: EvaluateResult }
  predict: { job: PredictJob; result: PredictResult }
  explain: { job: ExplainJob; result: ExplainResult }
}

/** Where a short job stands: `done` of `total` of what `stage` says. */
export interface JobProgress {
  stage: string
  done: number
  total: number
}

export interface ShortContext {
  /** Aborted when the job is stopped, the worker shuts down, or another worker has taken the job over. */
  signal: AbortSignal
  progress(progress: JobProgress): void
}

export type ShortHandlers = {
  [Kind in keyof ShortJobs]: (job: ShortJobs[Kind]['job'], context: ShortContext) => Promise<ShortJobs[Kind]['result']>
}

/** What a worker can do. A handler rejects to fail what it was given; an error's string `code` becomes the error's code. */
export interface Handlers extends ShortHandlers {
  train(job: TrainJob, context: TrainContext): Promise<unknown>
}

/**
 * Thrown by a handler whose process died rather than failed: it is tried again, a run from its last checkpoint, as often as the
 * queue's retry limit allows. A run is CRASHED after that, a short job FAILED.
 */
export class CrashError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CrashError'
    this.code = code
  }
}
