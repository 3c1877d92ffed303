/** What an image file shows at a glance: how large and how bright it is, and the hash by which copies of it are recognised. */
import sharp from 'sharp'
import { MAX_PIXELS, UnreadableImageError } from './decode-image.ts'
import { HASH_SIDE, type PerceptualHash, perceptualHash } from './perceptual-hash.ts'

export interface Look {
  /** In pixels, upright. */
  width: number
  height: number
  /** Mean luma, from 0 (black) to 1 (white). */
  brightness: number
  /** Null where the image is flat. */
  hash: PerceptualHash | null
}

/** Looks at an image file's bytes. @throws UnreadableImageError where they are none that can be read */
export async function lookAt(bytes: Uint8Array): Promise<Look> {
  try {
    const image = sharp(bytes, { failOn: 'error', limitInputPixels: MAX_PIXELS, sequentialRead: true })
    const { autoOrient } = await image.metadata()
    // Squeezed to a square, so that it is the whole picture: copies may be cut to other proportions by a pixel.
    const pixels = await image
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .resize(HASH_SIDE, HASH_SIDE, { fit: 'fill', kernel: 'linear' })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    const luma = lumaOf(pixels.data, pixels.info.channels)
    const brightness = luma.reduce((sum, value) => sum + value, 0) / luma.length / 255
    return { ...autoOrient, brightness, hash: perceptualHash(luma) }
  } catch (error) {
    const [detail] = (error instanceof Error ? error.message : String(error)).split('\n')
    throw new UnreadableImageError(`cannot be decoded (${detail})`, { cause: error })
  }
}

/** Rec. 601. */
function lumaOf(data: Uint8Array, channels: number): Float64Array {
  const luma = new Float64Array(HASH_SIDE * HASH_SIDE)
  for (let i = 0; i < luma.length; i++) {
    const at = (channel: number): number => data[i * channels + Math.min(channel, channels - 1)] as number
    luma[i] = channels < 3 ? at(0) : 0.299 * at(0) + 0.587 * at(1) + 0.114 * at(2)
  }
  return luma
}
