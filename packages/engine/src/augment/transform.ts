/**
 * From what was drawn to numbers for the kernel. All geometry is one projective map, composed in f64, from a pixel of the network's
 * input to a point of the source, so that an image is resampled once.
 *
 * Between the two lies the frame that fastai's transforms work in: a square from −1 to 1, whose ends are the centres of the
 * first and the last pixel (align_corners). Of a square the correction for the aspect is none. The crop, or the whole source, is laid
 * over the pixels' outer edges, as torchvision resizes. Thus
 *
 *   source point = crop · frame⁻¹ · warp · (symmetry · rotation · zoom · policy) · frame · pixel
 */
import type { Box, Draw } from './draw.ts'
import { apply, identity, inverse, type Matrix, product, translation } from './matrix.ts'

export interface Transform {
  /** Pixel (x, y, 1) of the input → point of the source in pixels, (0, 0) the centre of its first. */
  matrix: Matrix
  /** Samples along each side of a pixel of the input, whose mean it is: more than one where the source is shrunk. */
  samples: number
  /** 0 is grey, 1 is as it was. */
  saturation: number
  /** Brightness is rounded down to multiples of this / 255; 1 is off. */
  posterize: number
  /** From this brightness on, light and dark are exchanged; 2 is off. */
  solarize: number
  /** Lighting: logit x → contrast · logit x + brightness. */
  contrast: number
  brightness: number
  erase: Box | null
  key: readonly [number, number]
}

/** Source pixels between two samples, at most, in the middle of the image; a bilinear sample sees one to each side. */
const widestStep = 1.5
/** Bounds what an image may cost; sources are not that large. */
const mostSamples = 8

/** For a source and an input of so many pixels a side. */
export function transformOf(draw: Draw, { source, size }: { source: number; size: number }): Transform {
  const centre = (size - 1) / 2
  const matrix = product(
    cropMatrix(draw, source, size),
    translation(centre, centre),
    scaled(frameMatrix(draw), centre),
    translation(-centre, -centre),
  )
  const scale = scaleAt(matrix, centre)
  const samples = Math.min(mostSamples, Math.max(1, Math.ceil(scale / widestStep)))
  return { matrix, samples, ...colourOf(draw), erase: draw.erase, key: draw.key }
}

/** Pixels of the input → points of the source, as if nothing but the crop were done. */
function cropMatrix({ crop }: Draw, source: number, size: number): Matrix {
  const { x, y, width, height } = crop ?? { x: 0, y: 0, width: 1, height: 1 }
  const [sx, sy] = [(width * source) / size, (height * source) / size]
  return [sx, 0, x * source + (sx - 1) / 2, 0, sy, y * source + (sy - 1) / 2, 0, 0, 1]
}

/** A map of the frame, of half-width 1, as one of a frame of half-width `half`. */
function scaled([a, b, c, d, e, f, g, h, i]: Matrix, half: number): Matrix {
  return [a, b, c * half, d, e, f * half, g / half, h / half, i]
}

/** How far apart the points of neighbouring pixels lie in the middle of the image, along the wider axis. */
function scaleAt(matrix: Matrix, centre: number): number {
  const [x, y] = apply(matrix, centre, centre)
  const distance = (dx: number, dy: number): number => {
    const [px, py] = apply(matrix, centre + dx, centre + dy)
    return Math.hypot(px - x, py - y)
  }
  // The step is rounded: 1.5 must not become 1.5000000000000002.
  return Math.fround(Math.max(distance(1, 0), distance(0, 1)))
}

/** Where in the frame the point of a picture comes from: the maps are from the result back to what is there. */
function frameMatrix(draw: Draw): Matrix {
  return product(
    warpMatrix(draw),
    symmetryMatrix(draw),
    rotation(draw.rotate),
    zoomMatrix(draw),
    ...draw.policy.map(policyMatrix),
  )
}

function symmetryMatrix({ symmetry }: Draw): Matrix {
  const [x, y] = [symmetry & 1 ? -1 : 1, symmetry & 2 ? -1 : 1]
  return symmetry & 4 ? [0, x, 0, y, 0, 0, 0, 0, 1] : [x, 0, 0, 0, y, 0, 0, 0, 1]
}

function rotation(degrees: number): Matrix {
  const angle = (degrees * Math.PI) / 180
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)]
  return [cos, sin, 0, -sin, cos, 0, 0, 0, 1]
}

function zoomMatrix({ zoom: { factor, x, y } }: Draw): Matrix {
  const s = 1 / factor
  return [s, 0, (1 - s) * (2 * x - 1), 0, s, (1 - s) * (2 * y - 1), 0, 0, 1]
}

/**
 * The image's corners are moved: its upper side longer by the share y and its lower one shorter by it, likewise left and right by x.
 * The map of a square onto such a quadrilateral has a closed form; sampling needs its inverse.
 */
function warpMatrix({ warp: { x, y } }: Draw): Matrix {
  if (x === 0 && y === 0) return identity
  return inverse([1 - y * y, -x * y, x, -x * y, 1 - x * x, y, x, y, 1])
}

function policyMatrix({ name, strength }: Draw['policy'][number]): Matrix {
  switch (name) {
    case 'rotate':
      return rotation(30 * strength)
    case 'shearX':
      return [1, 0.3 * strength, 0, 0, 1, 0, 0, 0, 1]
    case 'shearY':
      return [1, 0, 0, 0.3 * strength, 1, 0, 0, 0, 1]
    // In shares of the image, which is two wide.
    case 'translateX':
      return translation(2 * 0.45 * strength, 0)
    case 'translateY':
      return translation(0, 2 * 0.45 * strength)
    default:
      return identity
  }
}

const logit = (x: number): number => Math.log(x / (1 - x))

function colourOf(draw: Draw): Pick<Transform, 'saturation' | 'posterize' | 'solarize' | 'contrast' | 'brightness'> {
  const colour = { saturation: 1, posterize: 1, solarize: 2, contrast: 1, brightness: 0 }
  const brighten = (grey: number): void => void (colour.brightness += logit(grey))
  const stretch = (factor: number): void => {
    colour.contrast *= factor
    colour.brightness *= factor
  }
  for (const { name, strength } of draw.policy) {
    switch (name) {
      case 'brightness':
        brighten(0.5 * (1 + 0.8 * strength))
        break
      case 'contrast':
        stretch(2 ** strength)
        break
      case 'saturation':
        colour.saturation *= 1 + 0.9 * strength
        break
      case 'posterize':
        colour.posterize = Math.max(colour.posterize, 2 ** Math.round(4 * Math.abs(strength)))
        break
      case 'solarize':
        colour.solarize = Math.min(colour.solarize, 1 - Math.abs(strength))
        break
    }
  }
  brighten(draw.brightness)
  stretch(draw.contrast)
  return colour
}
