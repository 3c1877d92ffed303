export { type Agreement, jaccard, mapAgreement, rankCorrelation, stability } from './agreement.ts'
export {
  type Classifier,
  composed,
  hiddenImage,
  labelsToExplain,
  type MaskedClassifier,
  maskOnCpu,
  type Scene,
} from './classifier.ts'
export { ExplainInputError } from './errors.ts'
export {
  type AttributionMap,
  type ExplainedImage,
  type Explanation,
  type ExplanationData,
  explanationData,
  ranked,
} from './explanation.ts'
export {
  type FaithfulnessCurve,
  type FaithfulnessOptions,
  faithfulness,
  type RoadOptions,
  road,
} from './faithfulness.ts'
export { enlarge, type GradCamInput, gradCam } from './grad-cam.ts'
export { kernelShap } from './kernel-shap.ts'
export { type ExplainOptions, fitLime, type LimeFitOptions, lime } from './lime.ts'
export { emptyMasks, isShown, type Masks, show, showAll } from './masks.ts'
export { type OcclusionOptions, occlusion } from './occlusion.ts'
export {
  type ColourScale,
  heatMap,
  type Legend,
  legendBar,
  outline,
  type Place,
  panel,
  type SuperpixelOptions,
  shownSegments,
  sideColours,
  superpixels,
} from './overlay.ts'
export type { Pixels, Rgb } from './pixels.ts'
export { type FelzenszwalbOptions, felzenszwalb } from './segments/felzenszwalb.ts'
export { type QuickshiftOptions, quickshift } from './segments/quickshift.ts'
export { type Segmenter, type SegmenterName, segment, segmenterNames } from './segments/segmenter.ts'
export {
  adjustedRand,
  decodeRuns,
  encodeRuns,
  gridSegments,
  perPixel,
  type Segments,
  segmentsOf,
} from './segments/segments.ts'
export { type SlicOptions, slic } from './segments/slic.ts'
export { type StableLimeOptions, stableLime } from './stable-lime.ts'
