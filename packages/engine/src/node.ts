/** What needs Node: Dawn, files, image decoding, the engine host. */
export { keepChoices, openTunedDevice, type TunedDeviceOptions } from './autotune/kept-choices.ts'
export * from './bench/index.ts'
export { type CheckOptions, checkImageFolder, type FolderReport } from './data/check-folder.ts'
export { DatasetError, type DatasetProblem } from './data/dataset-error.ts'
export { decodeImage, UnreadableImageError } from './data/decode-image.ts'
export { type FolderSources, type ImageFolder, type ImageFolderOptions, openImageFolder } from './data/image-folder.ts'
export { thumbnail } from './evaluate/thumbnails.ts'
export { listAdapters, type NodeDeviceOptions, openNodeDevice } from './gpu/node.ts'
export { evaluate, runTask, type TaskOptions, type TrainOptions, train } from './host/run-task.ts'
export type { RateQuestion, TaskName, Tasks } from './host/tasks.ts'
export * from './index.ts'
export { type RunRecord, readRunRecord } from './train/checkpoint.ts'
export { csvLog, jsonlLog, saveBest } from './train/logs.ts'
export { findRate, type RunRateFinding } from './train/run.ts'
export { archOf } from './weights/arch.ts'
export { insideOf, readWeightsFile, writeAtomically, writeWeightsFile } from './weights/file.ts'
export {
  defaultPreprocessing,
  preprocessingMetadata,
  readPreprocessing,
  type WeightsPreprocessing,
} from './weights/preprocessing.ts'
export { defaultWeights, type RegisteredWeights, registry as registeredWeights } from './weights/registry.ts'
export { readModel } from './weights/saved-model.ts'
export {
  type AddOptions,
  addWeights,
  listWeights,
  resolveWeights,
  type StoredWeights,
  type StoreOptions,
  weightsByName,
  weightsFolder,
} from './weights/store.ts'
