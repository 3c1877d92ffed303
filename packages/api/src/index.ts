/** Sporeprint's platform: tables, queue, services and the GraphQL server over them. It never imports the engine. */
export { Conflict, type InputIssue, InvalidInput, NotFound, StartupError } from './errors.ts'
export type { ListenOptions, Server } from './http/server.ts'
export {
  CrashError,
  type Handlers,
  parseRunConfig,
  type RunConfig,
  type RunConfigInput,
  type TrainContext,
  type TrainJob,
} from './jobs/contracts.ts'
export { JobAborted } from './jobs/job-aborted.ts'
export type { ExplainedImage, ExplainedLabel, ImageFile, PredictedImage } from './jobs/serving.ts'
export type { TrainEvent } from './jobs/train-events.ts'
export { openPlatform, type Platform, type PlatformOptions } from './platform.ts'
export type { Services } from './services.ts'
