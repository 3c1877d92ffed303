/** What needs Node: Dawn, files, image decoding, the engine host. */
export { type CheckOptions, checkImageFolder, type FolderReport } from './data/check-folder.ts'
export { DatasetError, type DatasetProblem } from './data/dataset-error.ts'
export { decodeImage, UnreadableImageError } from './data/decode-image.ts'
export { type ImageFolder, type ImageFolderOptions, openImageFolder } from './data/image-folder.ts'
export { type NodeDeviceOptions, openNodeDevice } from './gpu/node.ts'
export { type TrainOptions, train } from './host/train.ts'
export * from './index.ts'
export { readWeightsFile, writeWeightsFile } from './weights/file.ts'
