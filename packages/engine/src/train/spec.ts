/**
 * What a training run is asked to do, and what it says while it does it. Both are plain data: they cross the border to the
 * engine host process, into job payloads and onto disk.
 */
import type { ClassificationReport } from '@sporeprint/metrics'
import type { Augmentation } from '../augment/augmentation.ts'
import type { SamplingName } from '../data/sampling.ts'
import type { NormPolicy } from '../nn/freezing.ts'
import type { Arch, Head } from '../nn/resnet.ts'
import type { MonitorName } from './monitor.ts'
import type { ScheduleName } from './schedules.ts'

/** `nesterov`: SGD with Nesterov's momentum. */
export type OptimizerName = 'adamw' | 'sgd' | 'nesterov'

/** `balanced`: classes count in the loss by the inverse of how many training images they have. */
export type ClassWeights = 'none' | 'balanced'

/**
 * `mixed`: while training, the body's activations and their gradients are stored in f16 and the loss is scaled; parameters, sums and
 * arithmetic stay f32. Needs an adapter with `shader-f16`.
 */
export type Precision = 'f32' | 'mixed'

export interface TrainSpec {
  /** A folder of class folders, or one that holds `train/` and `valid/` (and `test/`). */
  data: string
  arch: Arch
  /** A weights file to start from, or null to start from scratch. */
  weights: string | null
  /** Side of the square input, in pixels. */
  size: number
  /** Smaller sizes to train at before that, each for so many epochs from the run's first on. Validation is at `size` throughout. */
  progressive: SizeStage[]
  batch: number
  /** Epochs with every layer trainable; they follow `freezeEpochs`. */
  epochs: number
  /** Epochs before them in which only the head trains, and by `bodyNorm` the body's batch norms. */
  freezeEpochs: number
  /** What the body's batch norms do meanwhile. With `frozen` the body's features are computed once. */
  bodyNorm: NormPolicy
  /** Highest learning rate, reached by the head. */
  baseLr: number
  /** The body's first group trains at baseLr / lrMult once unfrozen, those between at geometric steps. */
  lrMult: number
  weightDecay: number
  /** Batch norms and biases decay too. */
  decayNorms: boolean
  schedule: ScheduleName
  /** Share of the phase after which (flat_cos) or until which (one_cycle) the rate moves; .99 while the body is frozen. */
  pctStart: number
  /** Share of each phase over which the rate first rises linearly from 0. */
  warmup: number
  /** What step, exponential and plateau multiply the rate by: every stepEpochs, every epoch, and when plateauPatience is over. */
  gamma: number
  stepEpochs: number
  plateauPatience: number
  /** Unfrozen epochs after which the schedule begins anew, rising: several short, complete schedules. Empty: one. */
  restarts: number[]
  optimizer: OptimizerName
  /** AdamW's β₁, SGD's momentum. one_cycle has its own. */
  momentum: number
  /** AdamW's β₂ and ε. */
  beta2: number
  epsilon: number
  /** Batches to an update. */
  accumulate: number
  /** Gradients whose norm together is greater are scaled down to it; null never. */
  clipNorm: number | null
  /** Evaluate and save the exponential mean of the weights over updates, with this decay; null the weights themselves. */
  emaDecay: number | null
  labelSmoothing: number
  classWeights: ClassWeights
  /** What happens to training images. */
  augment: Augmentation
  /** α of MixUp and of CutMix; 0 for not at all. */
  mixup: number
  cutmix: number
  head: Head
  precision: Precision
  /** What makes an epoch the best: of it are the model that is kept and tested, and the end of patience. */
  monitor: MonitorName
  /** Stop after this many epochs without a better one; null never stops early. */
  patience: number | null
  seed: number
  /** Share of the images held out for validation where the folder has no `valid/`. */
  valid: number
  /** Cross-validation: hold out fold `fold` (from 0) of so many stratified folds, instead of the share `valid`. */
  folds: number | null
  fold: number
  /** Draw the validation images by the seed, rather than by name. */
  shuffle: boolean
  /** Which images an epoch takes, and in which order. */
  sampling: SamplingName
  /**
   * Stop when so many epochs of the run are done, frozen ones included, to be gone on with later. Such a run ends with an evaluation of
   * what it came to on the validation images; it is not finished, and the test split is left alone, even where no epoch is left. Null: to the end.
   */
  until: number | null
  /** Minutes between checkpoints within an epoch; there is one after each epoch too. */
  checkpointEvery: number
  /** Folder for checkpoints and history; null leaves nothing behind. */
  out: string | null
  /** Go on from `out/last` if it is there. */
  resume: boolean
}

export interface SizeStage {
  epochs: number
  size: number
}

export type Phase = 'frozen' | 'unfrozen'

/** One line of the notebook's table; `epoch` counts from 0 over both phases. */
export interface EpochRecord {
  epoch: number
  phase: Phase
  /** Debiased exponential mean (β .98) of the batch losses, reset at each phase. */
  trainLoss: number
  validLoss: number
  accuracy: number
  f1Weighted: number
  f1Micro: number
  f1Macro: number
  /** Training and validation together. */
  seconds: number
  /** Rate of the last step, head group. */
  lr: number
}

export interface SkippedFile {
  path: string
  reason: string
}

export interface StartEvent {
  type: 'start'
  adapter: { name: string; vendor: string; software: boolean }
  classes: string[]
  images: { train: number; valid: number; test: number }
  skipped: SkippedFile[]
  parameters: number
  /** Bytes of GPU memory planned for the training step. */
  peakBytes: number
  /** Steps in the whole run, and those already behind it when it resumes. */
  steps: number
  step: number
}

export interface StepEvent {
  type: 'step'
  epoch: number
  phase: Phase
  /** Steps done in the whole run, of `steps`. */
  step: number
  steps: number
  /** Loss of this batch, and its debiased exponential mean. */
  loss: number
  smoothLoss: number
  lr: number
  imagesPerSecond: number
  secondsLeft: number
}

export interface EpochEvent {
  type: 'epoch'
  epoch: EpochRecord
  /** Steps done in the whole run at its end. */
  step: number
}

export interface CheckpointEvent {
  type: 'checkpoint'
  kind: 'best' | 'last'
  path: string
  epoch: number
}

export interface LogEvent {
  type: 'log'
  level: 'info' | 'warn'
  message: string
}

export interface EvaluationEvent {
  type: 'evaluation'
  split: 'valid' | 'test'
  report: ClassificationReport
}

/** Preparing: decoding images into the cache, compiling pipelines. */
export interface PrepareEvent {
  type: 'prepare'
  stage: 'images' | 'pipelines'
  done: number
  total: number
}

/**
 * What a run that goes on told before its process or its caller's died, perhaps before that could be stored: the last minute's steps and
 * epochs and the models there are, right after `start`, or by itself where the run had finished. Nothing in it is new.
 */
export interface RetoldEvent {
  type: 'retold'
  events: (StepEvent | EpochEvent | CheckpointEvent | EvaluationEvent)[]
}

export type TrainEvent =
  | PrepareEvent
  | StartEvent
  | RetoldEvent
  | StepEvent
  | EpochEvent
  | CheckpointEvent
  | EvaluationEvent
  | LogEvent

export interface TrainResult {
  arch: Arch
  classes: string[]
  epochs: EpochRecord[]
  /** The best epoch by what was monitored. */
  best: EpochRecord
  /** Report of the best weights on the test split, where there is one. */
  test: ClassificationReport | null
  /** Folder of the best checkpoint, null without `out`. */
  checkpoint: string | null
  /** Files that could not be read, as far as this process met them. */
  skipped: SkippedFile[]
  imagesPerSecond: number
  /** Share of the steps' time in which they waited for their batches. */
  inputWait: number
  /** True when an earlier process had already finished this run. */
  alreadyFinished: boolean
}
