/**
 * What happens to one image in one epoch: drawn on the CPU, a few dozen numbers an image, as a pure function of (seed, epoch, image)
 * and of which transform asks. So a draw does not depend on the order of a batch, on how many threads decode, on where a run was
 * resumed, or on what other transforms are on; a preview shows what training will see; and a reference needs no random numbers.
 */
import { Purpose, philox, type Words } from '../data/random.ts'
import type { Augmentation } from './augmentation.ts'

/** A rectangle in shares of an image's sides. */
export interface Part {
  x: number
  y: number
  width: number
  height: number
}

/** A rectangle of whole pixels, its end not included. */
export interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

export const policyOperations = [
  'rotate',
  'shearX',
  'shearY',
  'translateX',
  'translateY',
  'brightness',
  'contrast',
  'saturation',
  'posterize',
  'solarize',
] as const

/** An operation of a policy; the sign is drawn, `strength` in [−1, 1] is what transform.ts makes degrees, shares and factors of. */
export interface PolicyOperation {
  name: (typeof policyOperations)[number]
  strength: number
}

export interface Draw {
  crop: Part | null
  /** Bits: 1 mirrors left to right, 2 upside down, 4 exchanges x and y, first of all. */
  symmetry: number
  /** Degrees. */
  rotate: number
  /** A factor, and what stays in place: shares of the way from left to right and from top to bottom. */
  zoom: { factor: number; x: number; y: number }
  warp: { x: number; y: number }
  policy: PolicyOperation[]
  /** In logit space: what middle grey becomes, and a factor. */
  brightness: number
  contrast: number
  erase: Box | null
  /** Of the noise that erases. */
  key: readonly [number, number]
}

export interface DrawOf {
  seed: number
  epoch: number
  /** The image's place in its source. */
  image: number
}

/** Whoever asks for numbers has its own, so that switching one on changes no other. */
export const Stream = {
  symmetry: 0,
  crop: 1,
  rotate: 2,
  zoom: 3,
  warp: 4,
  policy: 5,
  lighting: 6,
  erase: 7,
  erasePlace: 8,
  mix: 9,
  beta: 10,
} as const

/** Four words that belong to an image, a stream, and a position in that. */
export const wordsOf = ({ seed, epoch, image }: DrawOf, stream: number, position = 0): Words =>
  philox(stream, position, epoch, image, seed, Purpose.augment)

/** A word as a number in [0, 1). */
export const unit = (word: number): number => word / 2 ** 32

/** Those words as numbers in [0, 1). */
export function unitsOf(of: DrawOf, stream: number, position = 0): Words {
  const [a, b, c, d] = wordsOf(of, stream, position)
  return [unit(a), unit(b), unit(c), unit(d)]
}

const between = (min: number, max: number, u: number): number => min + (max - min) * u
const within = (most: number, u: number): number => most * (2 * u - 1)

/** Draws for an image that the network takes at `size` pixels a side. */
export function drawImage(a: Augmentation, size: number, of: DrawOf): Draw {
  const [flips, symmetric, which, crops] = unitsOf(of, Stream.symmetry)
  return {
    crop: crops < a.cropP ? drawCrop(a, of) : null,
    symmetry: (flips < a.flipP ? 1 : 0) ^ (symmetric < a.dihedralP ? Math.floor(8 * which) : 0),
    rotate: drawRotation(a, of),
    zoom: drawZoom(a, of),
    warp: drawWarp(a, of),
    policy: drawPolicy(a, of),
    ...drawLighting(a, of),
    ...drawErasure(a, size, of),
  }
}

/** torchvision's RandomResizedCrop: ten tries at an area and an aspect that fit, and the whole image where none does. */
function drawCrop({ cropMin, cropMax, cropAspect }: Augmentation, of: DrawOf): Part | null {
  for (let attempt = 0; attempt < 10; attempt++) {
    const [share, slant, x, y] = unitsOf(of, Stream.crop, attempt)
    const area = between(cropMin, cropMax, share)
    const aspect = cropAspect ** within(1, slant)
    const [width, height] = [Math.sqrt(area * aspect), Math.sqrt(area / aspect)]
    if (width <= 1 && height <= 1) return { x: x * (1 - width), y: y * (1 - height), width, height }
  }
  return null
}

function drawRotation({ rotate, rotateP }: Augmentation, of: DrawOf): number {
  const [happens, angle] = unitsOf(of, Stream.rotate)
  return happens < rotateP ? within(rotate, angle) : 0
}

function drawZoom({ zoomMin, zoomMax, zoomP }: Augmentation, of: DrawOf): Draw['zoom'] {
  const [happens, u, x, y] = unitsOf(of, Stream.zoom)
  return { factor: happens < zoomP ? between(zoomMin, zoomMax, u) : 1, x, y }
}

function drawWarp({ warp, warpP }: Augmentation, of: DrawOf): Draw['warp'] {
  const [xHappens, x, yHappens, y] = unitsOf(of, Stream.warp)
  return { x: xHappens < warpP ? within(warp, x) : 0, y: yHappens < warpP ? within(warp, y) : 0 }
}

function drawPolicy({ policyCount, policyMagnitude }: Augmentation, of: DrawOf): PolicyOperation[] {
  return Array.from({ length: policyCount }, (_, i) => {
    const [which, sign] = unitsOf(of, Stream.policy, i)
    const name = policyOperations[Math.floor(which * policyOperations.length)] as PolicyOperation['name']
    return { name, strength: (sign < 0.5 ? -1 : 1) * (policyMagnitude / 10) }
  })
}

function drawLighting({ lighting, lightingP }: Augmentation, of: DrawOf): Pick<Draw, 'brightness' | 'contrast'> {
  const [brightens, brightness, contrasts, contrast] = unitsOf(of, Stream.lighting)
  return {
    brightness: brightens < lightingP ? 0.5 * (1 + within(lighting, brightness)) : 0.5,
    contrast: contrasts < lightingP ? (1 - lighting) ** within(1, contrast) : 1,
  }
}

/** Random erasing (Zhong et al., 2017) of one rectangle; what is longer than the image is cut to it. */
function drawErasure(a: Augmentation, size: number, of: DrawOf): Pick<Draw, 'erase' | 'key'> {
  const [happens, share, slant] = unitsOf(of, Stream.erase)
  const [x, y, ...key] = wordsOf(of, Stream.erasePlace)
  if (happens >= a.eraseP) return { erase: null, key }
  const area = between(a.eraseMin, a.eraseMax, share) * size * size
  const aspect = a.eraseAspect ** within(1, slant)
  const width = Math.min(size, Math.round(Math.sqrt(area * aspect)))
  const height = Math.min(size, Math.round(Math.sqrt(area / aspect)))
  const left = Math.floor(unit(x) * (size - width + 1))
  const top = Math.floor(unit(y) * (size - height + 1))
  return { erase: { left, top, right: left + width, bottom: top + height }, key }
}
