export { ExplainInputError } from './errors.ts'
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
