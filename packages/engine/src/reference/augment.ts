/** Augmentation in f64, a pixel at a time: what kernels/augment.ts computes, from the same transforms. */
import type { Mix } from '../augment/mix.ts'
import type { Transform } from '../augment/transform.ts'
import { erasePurpose, logitRange, nearest, posterizeBias } from '../kernels/augment.ts'
import { pcg4d } from '../kernels/random.ts'

export interface AugmentCase {
  /** u8 RGBA [n, source, source, 4]. */
  pixels: Uint8Array
  source: number
  size: number
  mean: readonly number[]
  std: readonly number[]
}

/** [n, size, size, 4], the fourth channel 0. */
export function augment(c: AugmentCase, transforms: readonly Transform[], mixes: readonly Mix[] | null): Float64Array {
  const seen = transforms.map((transform, n) => seenImage(c, transform, n))
  const imageLength = 4 * c.size ** 2
  const x = new Float64Array(transforms.length * imageLength)
  for (const [n, own] of seen.entries()) {
    const mix = mixes?.[n]
    const partner = seen[mix?.partner ?? n]!
    for (let i = 0; i < imageLength; i++) {
      const weight = weightAt(mix, (i >> 2) % c.size, Math.floor(i / 4 / c.size))
      x[n * imageLength + i] = weight * own[i]! + (1 - weight) * partner[i]!
    }
  }
  return x
}

function weightAt(mix: Mix | undefined, x: number, y: number): number {
  if (!mix) return 1
  return mix.box === null ? mix.share : isWithin(mix.box, x, y) ? 0 : 1
}

const isWithin = (box: NonNullable<Mix['box']>, x: number, y: number): boolean =>
  x >= box.left && x < box.right && y >= box.top && y < box.bottom

function seenImage(c: AugmentCase, t: Transform, n: number): Float64Array {
  const out = new Float64Array(4 * c.size ** 2)
  for (let y = 0; y < c.size; y++) {
    for (let x = 0; x < c.size; x++) {
      const pixel = y * c.size + x
      if (t.erase && isWithin(t.erase, x, y)) {
        out.set(noise(t.key, pixel), 4 * pixel)
        continue
      }
      const colour = recoloured(t, sampled(c, t, n, x, y))
      for (const [channel, v] of colour.entries()) out[4 * pixel + channel] = (v - c.mean[channel]!) / c.std[channel]!
    }
  }
  return out
}

/** Mean of samples × samples points of the source about a pixel. */
function sampled(c: AugmentCase, t: Transform, n: number, x: number, y: number): number[] {
  const sum = [0, 0, 0]
  for (let s = 0; s < t.samples ** 2; s++) {
    const px = x + ((s % t.samples) + 0.5) / t.samples - 0.5
    const py = y + (Math.floor(s / t.samples) + 0.5) / t.samples - 0.5
    const [a, b, tx, d, e, ty, g, h, i] = t.matrix
    const z = Math.max(g * px + h * py + i, nearest)
    const value = bilinear(
      c,
      n,
      reflected((a * px + b * py + tx) / z, c.source),
      reflected((d * px + e * py + ty) / z, c.source),
    )
    for (const [channel, v] of value.entries()) sum[channel]! += v / t.samples ** 2
  }
  return sum
}

/** A coordinate reflected at the centres of the first and the last of `length` pixels. */
export function reflected(at: number, length: number): number {
  const last = length - 1
  const t = Math.abs(at) % (2 * last)
  return t > last ? 2 * last - t : t
}

function bilinear({ pixels, source }: AugmentCase, n: number, x: number, y: number): number[] {
  const [x0, y0] = [Math.floor(x), Math.floor(y)]
  const [x1, y1] = [Math.min(x0 + 1, source - 1), Math.min(y0 + 1, source - 1)]
  const [fx, fy] = [x - x0, y - y0]
  return [0, 1, 2].map((channel) => {
    const at = (px: number, py: number): number => pixels[4 * ((n * source + py) * source + px) + channel]! / 255
    return (1 - fy) * ((1 - fx) * at(x0, y0) + fx * at(x1, y0)) + fy * ((1 - fx) * at(x0, y1) + fx * at(x1, y1))
  })
}

function recoloured(t: Transform, rgb: readonly number[]): number[] {
  const luma = 0.299 * rgb[0]! + 0.587 * rgb[1]! + 0.114 * rgb[2]!
  return rgb.map((value) => {
    let v = Math.min(1, Math.max(0, luma + t.saturation * (value - luma)))
    if (t.posterize > 1) v = (Math.floor((v * 255) / t.posterize + posterizeBias) * t.posterize) / 255
    if (v >= t.solarize) v = 1 - v
    if (t.contrast === 1 && t.brightness === 0) return v
    const inside = Math.min(logitRange.max, Math.max(logitRange.min, v))
    return 1 / (1 + Math.exp(-(t.contrast * Math.log(inside / (1 - inside)) + t.brightness)))
  })
}

function noise([a, b]: readonly [number, number], pixel: number): number[] {
  const [x, y, z, w] = pcg4d(pixel, a, b, erasePurpose).map((word) => (word >>> 8) / 2 ** 24) as [
    number,
    number,
    number,
    number,
  ]
  const [r0, r1] = [Math.sqrt(-2 * Math.log(1 - x)), Math.sqrt(-2 * Math.log(1 - z))]
  return [r0 * Math.cos(2 * Math.PI * y), r0 * Math.sin(2 * Math.PI * y), r1 * Math.cos(2 * Math.PI * w)]
}
