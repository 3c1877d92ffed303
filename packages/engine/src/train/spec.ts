/**
 * What a training run is asked to do, and what it says while it does it. Both are plain data: they cross the border to the
 * engine host process, into job payloads and onto disk.
 */
import type { ClassificationReport } from '@sporeprint/metrics'
import type { Arch, Head } from '../nn/resnet.ts'
import type { ScheduleName } from './schedules.ts'

export type OptimizerName = 'adamw' | 'sgd'

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
  batch: number
  /** Epochs with every layer trainable; they follow `freezeEpochs`. */
  epochs: number
  /** Epochs before them in which only the head and the body's batch norms train. */
  freezeEpochs: number
  /** Highest learning rate, reached by the head. */
  baseLr: number
  /** The body's first group trains at baseLr / lrMult once unfrozen, those between at geometric steps. */
  lrMult: number
  weightDecay: number
  schedule: ScheduleName
  /** Share of the phase after which (flat_cos) or until which (one_cycle) the rate moves. */
  pctStart: number
  optimizer: OptimizerName
  labelSmoothing: number
  head: Head
  precision: Precision
  /** Stop after this many epochs without a better validation loss; null never stops early. */
  patience: number | null
  seed: number
  /** Share of the images held out for validation where the folder has no `valid/`. */
  valid: number
  /** Draw the validation images and each epoch's order by the seed, rather than by name. */
  shuffle: boolean
  /** Folder for checkpoints and history; null leaves nothing behind. */
  out: string | null
  /** Go on from `out/last` if it is there. */
  resume: boolean
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

export type TrainEvent =
  | PrepareEvent
  | StartEvent
  | StepEvent
  | EpochEvent
  | CheckpointEvent
  | EvaluationEvent
  | LogEvent

export interface TrainResult {
  arch: Arch
  classes: string[]
  epochs: EpochRecord[]
  /** The epoch of lowest validation loss. */
  best: EpochRecord
  /** Report of the best weights on the test split, where there is one. */
  test: ClassificationReport | null
  /** Folder of the best checkpoint, null without `out`. */
  checkpoint: string | null
  imagesPerSecond: number
  /** True when an earlier process had already finished this run. */
  alreadyFinished: boolean
}
