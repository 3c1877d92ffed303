/**
 * Pillow's antialiased resize (Resample.c) with its bicubic kernel, to the bit: what torchvision and timm resize an image with whose
 * weights say `bicubic`. Columns first, then rows, each pass in 22-bit fixed point and rounded to 8 bits.
 */

export interface Pixels {
  /** u8 RGBA, [height, width, 4]. */
  data: Uint8Array
  width: number
  height: number
}

/** Of the resized image, [height, width]: what is made of it. */
export interface Crop {
  resized: { width: number; height: number }
  left: number
  top: number
  size: number
}

/** Keys' cubic with a = −½, as Pillow's BICUBIC: for each output pixel the first source pixel and the fixed-point weights. */
interface Taps {
  first: Int32Array
  /** [pixels, most]: unused ones are 0. */
  weights: Int32Array
  most: number
}

const support = 2
const precisionBits = 22
const half = 1 << (precisionBits - 1)

function cubic(x: number): number {
  const a = -0.5
  const d = Math.abs(x)
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0
}

/** For pixels `from` … `from + size` of `length` resized to `resized`. */
function tapsOf(length: number, resized: number, from: number, size: number): Taps {
  const scale = length / resized
  const stretch = Math.max(1, scale)
  const reach = support * stretch
  const most = 2 * Math.ceil(reach) + 1
  const taps: Taps = { first: new Int32Array(size), weights: new Int32Array(size * most), most }
  for (let i = 0; i < size; i++) {
    const centre = (from + i + 0.5) * scale
    const first = Math.max(0, Math.trunc(centre - reach + 0.5))
    const end = Math.min(length, Math.trunc(centre + reach + 0.5))
    const weights = Array.from({ length: end - first }, (_, k) => cubic((first + k - centre + 0.5) / stretch))
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

/** The square `crop` of an image resized by bicubic interpolation: u8 RGBA with alpha 255, [size, size, 4]. */
export function resampleBicubic({ data, width, height }: Pixels, { resized, left, top, size }: Crop): Uint8Array {
  const across = tapsOf(width, resized.width, left, size)
  const down = tapsOf(height, resized.height, top, size)
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
  const out = new Uint8Array(size * size * 4).fill(255)
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
    }
  }
  return out
}
