import { checkCount } from '../errors.ts'
import type { Pixels } from '../pixels.ts'
import { type FelzenszwalbOptions, felzenszwalb } from './felzenszwalb.ts'
import { type QuickshiftOptions, quickshift } from './quickshift.ts'
import { gridSegments, type Segments } from './segments.ts'
import { type SlicOptions, slic } from './slic.ts'

export const segmenterNames = ['quickshift', 'slic', 'felzenszwalb', 'grid'] as const

export type SegmenterName = (typeof segmenterNames)[number]

/** A way to cut a picture into superpixels, as plain data: its name, and what departs from its defaults. */
export type Segmenter =
  | ({ name: 'quickshift' } & Omit<QuickshiftOptions, 'seed'>)
  | ({ name: 'slic' } & SlicOptions)
  | ({ name: 'felzenszwalb' } & FelzenszwalbOptions)
  /** Square cells, whatever the picture shows; by default an eighth of its shorter side. */
  | { name: 'grid'; cell?: number }

/** Side of the pictures that LIME's parameters of quickshift are made for. */
const USUAL_SIDE = 224

/**
 * Cuts a picture into superpixels; the seed breaks quickshift's ties. Quickshift's kernel is LIME's, but in pictures smaller than
 * those that it is made for it shrinks with them: a picture of 64 pixels would fall into five parts, and so falls into the thirty or so
 * that it has at 224.
 */
export function segment(image: Pixels, segmenter: Segmenter, seed = 0): Segments {
  switch (segmenter.name) {
    case 'quickshift': {
      const kernelSize = Math.max(1, 4 * Math.min(1, Math.min(image.width, image.height) / USUAL_SIDE))
      return quickshift(image, { kernelSize, ...segmenter, seed })
    }
    case 'slic':
      return slic(image, segmenter)
    case 'felzenszwalb':
      return felzenszwalb(image, segmenter)
    case 'grid': {
      const { width, height } = image
      const { cell = Math.max(1, Math.round(Math.min(width, height) / 8)) } = segmenter
      checkCount(cell, 1, 'cell')
      return gridSegments(width, height, cell)
    }
  }
}
