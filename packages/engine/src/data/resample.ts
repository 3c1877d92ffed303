/**
 * Pillow's antialiased resize (Resample.c), to the bit, and torchvision's Resize and CenterCrop around it: what weights were trained with.
 * Columns first, then rows, each pass in 22-bit fixed point and rounded to 8 bits. Needs nothing of Node: a page prepares its images so.
 */
import type { WeightsPreprocessing } from '../weights/preprocessing.ts'

/** How an image is made square where weights want it so. */
export type Preparation = Pick<WeightsPreprocessing, 'crop' | 'interpolation'>

export interface Pixels {
  /** u8 RGBA, [height, width, 4]. */
  data: Uint8Array
  width: number
  height: number
}

/** For each output pixel the first source pixel and the fixed-point weights from there. */
interface Taps {
  first: Int32Array
  /** [pixels, most]: unused ones are 0. */
  weights: Int32Array
  most: number
}

interface Kernel {
  /** It is 0 from here on, in pixels of the smaller image. */
  support: number
  at(distance: number): number
}

const kernels: Record<Preparation['interpolation'], Kernel> = {
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys' cubic with a = −½.
  bicubic: {
    support: 2,
    at(x) {
      const a = -0.5
      const d = Math.abs(x)
      if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1
      return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0
    },
  },
}

const precisionBits = 22
const half = 1 << (precisionBits - 1)

/** For pixels `from` … `from + size` of `length` resized to `resized`. */
function tapsOf(kernel: Kernel, length: number, resized: number, from: number, size: number): Taps {
  const scale = length / resized
  const stretch = Math.max(1, scale)
  const reach = kernel.support * stretch
  const most = 2 * Math.ceil(reach) + 1
  const taps: Taps = { first: new Int32Array(size), weights: new Int32Array(size * most), most }
  for (let i = 0; i < size; i++) {
    const centre = (from + i + 0.5) * scale
    const first = Math.max(0, Math.trunc(centre - reach + 0.5))
    const end = Math.min(length, Math.trunc(centre + reach + 0.5))
    const weights = Array.from({ length: end - first }, (_, k) => kernel.at((first + k - centre + 0.5) / stretch))
    const norm = 1 / weights.reduce((a, b) => a + b, 0)
    taps.first[i] = first
    for (const [k, weight] of weights.entries()) {
      const fixed = weight * norm * (1 << precisionBits)
      taps.weights[i * most + k] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5)
    }
  }
  return taps
}

const clip = (fixed: number): number => Math.max(0, Math.min(255, fixed >> precisionBits))

/** torchvision's Resize of the shorter side to size / crop, then CenterCrop to `size`, with their very roundings (timm's floor). */
function squareOf({ width, height }: Pixels, size: number, crop: number) {
  const shorter = Math.min(width, height)
  const resized = resizedSide(size, crop)
  const side = (length: number): number => (length === shorter ? resized : Math.trunc((resized * length) / shorter))
  const before = (length: number): number => roundHalfEven((side(length) - size) / 2)
  return { width: side(width), height: side(height), left: before(width), top: before(height) }
}

/** What the shorter side is resized to: torchvision's 256 for a centre of 224 that is .875 of it. */
export const resizedSide = (size: number, crop: number): number => Math.floor(size / crop)

/** Python's round. */
const roundHalfEven = (x: number): number => (x % 1 === 0.5 ? 2 * Math.round(x / 2) : Math.round(x))

/**
 * The square that a network is given of an image: u8 RGBA with alpha 255, [size, size, 4]. An image that has the size stays as it is.
 * Alpha is passed over.
 */
export function prepareImage(pixels: Pixels, size: number, { crop, interpolation }: Preparation): Uint8Array {
  const { data, width, height } = pixels
  const out = new Uint8Array(size * size * 4)
  if (width === size && height === size) {
    for (let i = 0; i < out.length; i++) out[i] = i % 4 === 3 ? 255 : (data[i] as number)
    return out
  }
  const square = squareOf(pixels, size, crop)
  const across = tapsOf(kernels[interpolation], width, square.width, square.left, size)
  const down = tapsOf(kernels[interpolation], height, square.height, square.top, size)
  // Only the rows that some output row needs.
  const begin = down.first[0] as number
  const end = Math.min(height, (down.first[size - 1] as number) + down.most)
  const columns = new Uint8Array((end - begin) * size * 3)
  for (let y = begin, o = 0; y < end; y++) {
    for (let x = 0; x < size; x++) {
      let [r, g, b] = [half, half, half]
      const first = across.first[x] as number
      const taps = Math.min(across.most, width - first)
      for (let k = 0, i = (y * width + first) * 4; k < taps; k++, i += 4) {
        const weight = across.weights[x * across.most + k] as number
        r += (data[i] as number) * weight
        g += (data[i + 1] as number) * weight
        b += (data[i + 2] as number) * weight
      }
      columns[o++] = clip(r)
      columns[o++] = clip(g)
      columns[o++] = clip(b)
    }
  }
  for (let y = 0; y < size; y++) {
    const first = (down.first[y] as number) - begin
    const taps = Math.min(down.most, end - begin - first)
    for (let x = 0; x < size; x++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = half
        for (let k = 0; k < taps; k++) {
          const value = columns[((first + k) * size + x) * 3 + channel] as number
          sum += value * (down.weights[y * down.most + k] as number)
        }
        out[(y * size + x) * 4 + channel] = clip(sum)
      }
      out[(y * size + x) * 4 + 3] = 255
    }
  }
  return out
}
