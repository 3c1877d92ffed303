export { type Classifier, composed, hiddenImage, type MaskedClassifier, maskOnCpu, type Scene } from './classifier.ts'
export { ExplainInputError } from './errors.ts'
export { type ExplainedImage, type Explanation, ranked } from './explanation.ts'
export { type ExplainOptions, fitLime, kernelWeights, type LimeFitOptions, lime } from './lime.ts'
export { emptyMasks, isShown, type Masks, show } from './masks.ts'
export type { Pixels, Rgb } from './pixels.ts'
export { type FelzenszwalbOptions, felzenszwalb } from './segments/felzenszwalb.ts'
export { type QuickshiftOptions, quickshift } from './segments/quickshift.ts'
export {
  adjustedRand,
  decodeRuns,
  encodeRuns,
  gridSegments,
  perPixel,
  type Segments,
  segmentSizes,
  segmentsOf,
} from './segments/segments.ts'
export { type SlicOptions, slic } from './segments/slic.ts'
