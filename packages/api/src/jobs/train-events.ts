/**
 * What a training run says while it runs. Structurally the engine's own events: the two packages meet only in apps/server,
 * where the compiler holds one against the other. The API never imports the engine, so that it deploys where there is no GPU.
 */
import type { ClassificationReport } from '@sporeprint/metrics'

export type Phase = 'frozen' | 'unfrozen'

/** One line of the epoch table; `epoch` counts from 0 over both phases. */
export interface EpochRecord {
  epoch: number
  phase: Phase
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

/** Preparing: decoding images into the cache, compiling pipelines. */
interface PrepareEvent {
  type: 'prepare'
  stage: 'images' | 'pipelines'
  done: number
  total: number
}

/** A file that could not be read, and why. */
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
  loss: number
  smoothLoss: number
  lr: number
  imagesPerSecond: number
  secondsLeft: number
}

interface EpochEvent {
  type: 'epoch'
  epoch: EpochRecord
  /** Steps done in the whole run at its end. */
  step: number
}

interface CheckpointEvent {
  type: 'checkpoint'
  kind: 'best' | 'last'
  path: string
  epoch: number
}

interface EvaluationEvent {
  type: 'evaluation'
  split: 'valid' | 'test'
  report: ClassificationReport
}

interface LogEvent {
  type: 'log'
  level: 'info' | 'warn'
  message: string
}

/**
 * What a run that goes on told before a worker died, perhaps before that could be stored: the last minute's steps and epochs and the
 * models there are, right after `start`, or by itself where the run had finished. Nothing in it is new.
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
