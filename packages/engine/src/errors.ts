/** What can go wrong in the engine, by code, so that callers can react without reading messages. */
export type EngineErrorCode =
  | 'NO_ADAPTER'
  | 'DEVICE_LOST'
  | 'OUT_OF_MEMORY'
  | 'GPU_VALIDATION'
  | 'BAD_CONFIG'
  | 'BAD_DATASET'
  | 'BAD_WEIGHTS'
  | 'DIVERGED'
  | 'DOWNLOAD'
  | 'BUSY'
  | 'DISK'
  | 'ABORTED'
  | 'HOST_CRASHED'
  | 'INTERNAL'

/** Every expected failure of the engine. The message names the thing at fault and the cure. */
export class EngineError extends Error {
  override readonly name: string = 'EngineError'
  readonly code: EngineErrorCode

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Stops long work between two awaits once its signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EngineError('ABORTED', 'stopped on request')
}
