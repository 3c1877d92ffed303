/**
 * One image file's bytes → u8 RGBA of a fixed square size. This is the only way an image enters the engine, in training,
 * validation and inference alike, so that the three see the same pixels.
 *
 * - The EXIF orientation is applied; an embedded colour profile (CMYK, wide gamut) is converted to sRGB; 16 bits become 8.
 * - Alpha is composited on white: what a transparent pixel holds is arbitrary (often black), and white is the paper that
 *   artwork with transparency is drawn for.
 * - Resize: the shorter side to `size`, then the centre. Shrinking uses libvips' `linear` kernel, a triangle widened by the
 *   factor after an exact box shrink: of sharp's kernels the nearest to the antialiased bilinear that ImageNet weights were
 *   trained with (Pillow: mean |Δ| 3.5 of 255 on noise, lanczos3 9.0). `fastShrinkOnLoad: false` keeps JPEG's cheaper
 *   DCT-domain shrink at least a factor of two away from the final size.
 *   Enlarging is done here: libvips' bilinear enlarging is shifted by a quarter of a source pixel (8.18).
 * - Weights may want otherwise (`Preparation`): a share of the resized image, and bicubic interpolation (resample.ts). An image that
 *   has the size already stays as it is.
 * - Animations and multi-page files: the first picture.
 */
import sharp, { type Sharp } from 'sharp'
import { IMAGE_FORMATS, SNIFF_BYTES, sniffFormat } from './image-format.ts'
import { type Pixels, type Preparation, prepareImage, resizedSide } from './resample.ts'

/** Part of every cache name: raise it when the pixels that this file makes change. */
export const DECODER_VERSION = 1

/** Refuse larger pictures: a few hundred kB of PNG can unpack to gigabytes. */
export const MAX_PIXELS = 50_000_000

/** A longer strip than this is cropped while it is read, else its enlarged side could be huge. */
const MAX_ASPECT = 16

/** Shrunk or enlarged to the size, and nothing cut off its shorter side. */
export const wholeImage: Preparation = { crop: 1, interpolation: 'bilinear' }

/** Content that is no readable image. `message` says so in plain words and fits after the file's name. */
export class UnreadableImageError extends Error {
  override readonly name = 'UnreadableImageError'
}

/**
 * Decodes an image to u8 RGBA (alpha 255), [size, size, 4].
 * @throws UnreadableImageError when the bytes are not a whole image of a supported format.
 */
export async function decodeImage(
  bytes: Uint8Array,
  size: number,
  preparation: Preparation = wholeImage,
): Promise<Uint8Array> {
  const sniffed = sniffFormat(bytes.subarray(0, SNIFF_BYTES))
  if (sniffed.format === null) throw new UnreadableImageError(notAnImage(bytes, sniffed.looksLike))
  try {
    return await decode(bytes, size, preparation)
  } catch (error) {
    if (error instanceof UnreadableImageError) throw error
    const [detail] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new UnreadableImageError(`damaged or cut off ${sniffed.format.toUpperCase()} (${detail})`, { cause: error })
  }
}

function notAnImage(bytes: Uint8Array, looksLike: string): string {
  if (bytes.length === 0) return looksLike
  const readable = IMAGE_FORMATS.map((format) => format.toUpperCase()).join(', ')
  return `${looksLike}; convert it to one of ${readable}, or remove it`
}

async function decode(bytes: Uint8Array, size: number, { crop, interpolation }: Preparation): Promise<Uint8Array> {
  // failOn 'error' refuses cut-off files, as Pillow does, and lets the harmless warnings of many cameras and editors pass.
  const image = sharp(bytes, { failOn: 'error', limitInputPixels: false, sequentialRead: true })
  const { width, height } = await image.metadata()
  if (width * height > MAX_PIXELS) {
    throw new UnreadableImageError(`${width}×${height} is more than ${MAX_PIXELS / 1e6} megapixels; shrink it`)
  }
  const shorter = Math.min(width, height)
  const strip = Math.max(width, height) > MAX_ASPECT * shorter
  const upright = image.autoOrient().flatten({ background: '#ffffff' })
  if (width === size && height === size) return (await toPixels(upright)).data
  if (interpolation === 'bicubic') return prepareImage(await toPixels(upright), size, { crop, interpolation })
  const resized = resizedSide(size, crop)
  if (shorter < resized && !strip) return enlarge(await toPixels(upright), resized, size)

  // 'outside', and the centre cut out afterwards: with 'cover' the rows below the centre are never decoded, and a file that
  // is cut off there would pass.
  const fit = strip ? 'cover' : 'outside'
  const shrunk = upright.resize(resized, resized, { fit, kernel: 'linear', fastShrinkOnLoad: false })
  return centre(await toPixels(shrunk), size)
}

async function toPixels(image: Sharp): Promise<Pixels> {
  const rgba = image.toColourspace('srgb').ensureAlpha().raw({ depth: 'uchar' })
  const { data, info } = await rgba.toBuffer({ resolveWithObject: true })
  if (info.channels !== 4) throw new Error(`sharp gave ${info.channels} channels instead of RGBA`)
  return { data, width: info.width, height: info.height }
}

function centre({ data, width, height }: Pixels, size: number): Uint8Array {
  const left = (width - size) >> 1
  const top = (height - size) >> 1
  const out = new Uint8Array(size * size * 4)
  for (let y = 0; y < size; y++) {
    const start = ((top + y) * width + left) * 4
    out.set(data.subarray(start, start + size * 4), y * size * 4)
  }
  return out
}

/**
 * Bilinear with half-pixel centres and clamped edges: the shorter side to `resized`, of which the central `size` are made. A row of
 * the source is stretched once for all the rows that it becomes.
 */
function enlarge({ data, width, height }: Pixels, resized: number, size: number): Uint8Array {
  const side = (Math.min(width, height) * size) / resized
  const across = taps(width, side, size)
  const down = taps(height, side, size)
  const out = new Uint8Array(size * size * 4).fill(255)
  let [above, below] = [new Float64Array(size * 3), new Float64Array(size * 3)]
  let [inAbove, inBelow] = [-1, -1]
  for (let y = 0; y < size; y++) {
    const [first, second, weight] = [down.first[y] as number, down.second[y] as number, down.weight[y] as number]
    if (first === inBelow) {
      ;[above, below] = [below, above]
      ;[inAbove, inBelow] = [inBelow, inAbove]
    }
    if (first !== inAbove) stretch(data, first * width, across, above)
    if (second !== inBelow) stretch(data, second * width, across, below)
    ;[inAbove, inBelow] = [first, second]
    for (let i = 0, o = y * size * 4; i < above.length; o += 4) {
      for (let channel = 0; channel < 3; channel++, i++) {
        const top = above[i] as number
        out[o + channel] = Math.round(top + ((below[i] as number) - top) * weight)
      }
    }
  }
  return out
}

/** A row of RGBA, which begins at pixel `start`, as a row of RGB. */
function stretch(data: Uint8Array, start: number, { first, second, weight }: Taps, row: Float64Array): void {
  for (let x = 0, o = 0; x < first.length; x++) {
    const a = (start + (first[x] as number)) * 4
    const b = (start + (second[x] as number)) * 4
    const w = weight[x] as number
    for (let channel = 0; channel < 3; channel++, o++) {
      const left = data[a + channel] as number
      row[o] = left + ((data[b + channel] as number) - left) * w
    }
  }
}

/** Of each pixel the two in the source that it lies between, and the second's weight. */
interface Taps {
  first: Int32Array
  second: Int32Array
  weight: Float64Array
}

/** For `size` pixels over the central `side` of `length`. */
function taps(length: number, side: number, size: number): Taps {
  const scale = side / size
  const made: Taps = { first: new Int32Array(size), second: new Int32Array(size), weight: new Float64Array(size) }
  for (let i = 0; i < size; i++) {
    const at = (length - side) / 2 + (i + 0.5) * scale - 0.5
    const clamped = Math.min(length - 1, Math.max(0, at))
    const first = Math.floor(clamped)
    made.first[i] = first
    made.second[i] = Math.min(length - 1, first + 1)
    made.weight[i] = clamped - first
  }
  return made
}
