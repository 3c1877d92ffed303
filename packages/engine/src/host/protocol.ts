/** Messages between a caller and the engine host, the process that owns the device. */
import type { EngineErrorCode } from '../errors.ts'
import type { TrainEvent, TrainResult, TrainSpec } from '../train/spec.ts'

export type ToHost = { type: 'train'; spec: TrainSpec } | { type: 'abort' }

export type FromHost =
  | { type: 'event'; event: TrainEvent }
  | { type: 'done'; result: TrainResult }
  | { type: 'failed'; code: EngineErrorCode; message: string; stack: string }
