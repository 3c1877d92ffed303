/** What an engine host, the process that owns the device, can be asked, and the messages by which it is. All plain data. */

import type { BenchEvent, InferenceBench, InferenceBenchSpec } from '../bench/infer.ts'
import type { EngineErrorCode } from '../errors.ts'
import type { EvaluateEvent, EvaluateResult, EvaluateSpec } from '../evaluate/spec.ts'
import type { ExplainEvent, ExplainResult, ExplainSpec } from '../explain/spec.ts'
import type { Device } from '../gpu/device.ts'
import type { NodeDeviceOptions } from '../gpu/node.ts'
import type {
  CalibrateEvent,
  CalibrateResult,
  CalibrateSpec,
  PredictEvent,
  PredictResult,
  PredictSpec,
} from '../infer/predict-spec.ts'
import type { RateSweep } from '../train/learner.ts'
import type { RunRateFinding } from '../train/run.ts'
import type { TrainEvent, TrainResult, TrainSpec } from '../train/spec.ts'

/** Each task by what it is given, what it tells meanwhile and what it comes to. */
export interface Tasks {
  /** The range test as a run of `spec` would begin. */
  findRate: { input: RateQuestion; event: TrainEvent; result: RunRateFinding }
  train: { input: TrainSpec; event: TrainEvent; result: TrainResult }
  evaluate: { input: EvaluateSpec; event: EvaluateEvent; result: EvaluateResult }
  explain: { input: ExplainSpec; event: ExplainEvent; result: ExplainResult }
  predict: { input: PredictSpec; event: PredictEvent; result: PredictResult }
  benchInference: { input: InferenceBenchSpec; event: BenchEvent; result: InferenceBench }
  calibrate: { input: CalibrateSpec; event: CalibrateEvent; result: CalibrateResult }
}

/** What `findRate` is asked. */
export interface RateQuestion {
  spec: TrainSpec
  sweep: Pick<RateSweep, 'from' | 'to' | 'steps'>
}

export type TaskName = keyof Tasks

/** What a task finds in its host. */
export interface TaskContext<Event> {
  openDevice(options?: Pick<NodeDeviceOptions, 'adapter'>): Promise<Device>
  onEvent(event: Event): void
  signal: AbortSignal
}

export type TaskRunners = {
  [Name in TaskName]: (
    input: Tasks[Name]['input'],
    context: TaskContext<Tasks[Name]['event']>,
  ) => Promise<Tasks[Name]['result']>
}

export type ToHost = { type: 'run'; task: TaskName; input: Tasks[TaskName]['input'] } | { type: 'abort' }

export type FromHost<Name extends TaskName = TaskName> =
  | { type: 'event'; event: Tasks[Name]['event'] }
  /** Of the host rather than its task: kept choices that cannot be read, say. */
  | { type: 'warning'; message: string }
  | { type: 'done'; result: Tasks[Name]['result'] }
  | { type: 'failed'; code: EngineErrorCode; message: string; stack: string }
