import type { Pixels } from '../pixels.ts'
import { type FelzenszwalbOptions, felzenszwalb } from './felzenszwalb.ts'
import { type QuickshiftOptions, quickshift } from './quickshift.ts'
import type { Segments } from './segments.ts'
import { type SlicOptions, slic } from './slic.ts'

export const segmenterNames = ['quickshift', 'slic', 'felzenszwalb'] as const

export type SegmenterName = (typeof segmenterNames)[number]

/** A way to cut a picture into superpixels, as plain data: its name, and what departs from its defaults. */
export type Segmenter =
  | ({ name: 'quickshift' } & Omit<QuickshiftOptions, 'seed'>)
  | ({ name: 'slic' } & SlicOptions)
  | ({ name: 'felzenszwalb' } & FelzenszwalbOptions)

/** Cuts a picture into superpixels; the seed breaks quickshift's ties. */
export function segment(image: Pixels, segmenter: Segmenter, seed = 0): Segments {
  switch (segmenter.name) {
    case 'quickshift':
      return quickshift(image, { ...segmenter, seed })
    case 'slic':
      return slic(image, segmenter)
    case 'felzenszwalb':
      return felzenszwalb(image, segmenter)
  }
}
