import sharp, { type Sharp } from 'sharp'
import { describe, expect, it } from 'vitest'
import { decodeImage, UnreadableImageError } from './decode-image.ts'

type Rgb = [number, number, number]

/** Left half red, right half blue, with a green top left corner: `width` × `height`. */
function picture(width: number, height: number): Sharp {
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const corner = x < width / 4 && y < height / 4
      data.set(corner ? [0, 200, 0] : x < width / 2 ? [200, 0, 0] : [0, 0, 200], (y * width + x) * 3)
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
}

const at = (pixels: Uint8Array, size: number, x: number, y: number): number[] => [
  ...pixels.subarray((y * size + x) * 4, (y * size + x) * 4 + 4),
]

function expectColour(seen: number[], [r, g, b]: Rgb, tolerance = 6): void {
  for (const [i, value] of [r, g, b, 255].entries()) {
    expect(Math.abs((seen[i] ?? -1) - value), `${seen} is not ${[r, g, b]}`).toBeLessThanOrEqual(tolerance)
  }
}

const failure = async (bytes: Uint8Array): Promise<string> => {
  const error = await decodeImage(bytes, 16).then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UnreadableImageError)
  return (error as UnreadableImageError).message
}

describe('decodeImage', () => {
  it.each([
    ['JPEG', () => picture(64, 64).jpeg({ quality: 95, chromaSubsampling: '4:4:4' })],
    ['progressive JPEG', () => picture(64, 64).jpeg({ quality: 95, progressive: true })],
    ['PNG', () => picture(64, 64).png()],
    ['palette PNG', () => picture(64, 64).png({ palette: true })],
    ['16-bit PNG', () => picture(64, 64).toColourspace('rgb16').png()],
    ['lossless WebP', () => picture(64, 64).webp({ lossless: true })],
    ['WebP', () => picture(64, 64).webp({ quality: 95 })],
    ['GIF', () => picture(64, 64).gif()],
    ['TIFF', () => picture(64, 64).tiff({ compression: 'lzw' })],
    ['16-bit TIFF', () => picture(64, 64).toColourspace('rgb16').tiff({ compression: 'deflate' })],
  ])('reads %s', async (_, encoded) => {
    const pixels = await decodeImage(await encoded().toBuffer(), 16)
    expect(pixels.length).toBe(16 * 16 * 4)
    expectColour(at(pixels, 16, 1, 1), [0, 200, 0], 12)
    expectColour(at(pixels, 16, 2, 12), [200, 0, 0], 12)
    expectColour(at(pixels, 16, 13, 12), [0, 0, 200], 12)
  })

  it('reads CMYK, by its own colours', async () => {
    const bytes = await sharp({ create: { width: 32, height: 32, channels: 3, background: { r: 230, g: 230, b: 20 } } })
      .toColourspace('cmyk')
      .jpeg({ quality: 100 })
      .toBuffer()
    expect((await sharp(bytes).metadata()).space).toBe('cmyk')
    // Process inks cannot show every sRGB colour: near, not equal.
    expectColour(at(await decodeImage(bytes, 16), 16, 8, 8), [230, 230, 20], 40)
  })

  it('repeats grey in all three channels, 8 and 16 bit', async () => {
    const grey = sharp({ create: { width: 32, height: 32, channels: 3, background: { r: 90, g: 90, b: 90 } } })
    for (const space of ['b-w', 'grey16']) {
      const bytes = await grey.clone().toColourspace(space).png().toBuffer()
      expectColour(at(await decodeImage(bytes, 16), 16, 8, 8), [90, 90, 90], 1)
    }
  })

  it.each(['srgb', 'rgb16'])(
    'lays transparent pixels on white, and half transparent ones half so (%s)',
    async (space) => {
      const data = Uint8Array.from({ length: 32 * 32 * 4 }, (_, i) => (i % 4 < 3 ? 0 : (i >> 2) % 32 < 16 ? 0 : 128))
      const bytes = await sharp(data, { raw: { width: 32, height: 32, channels: 4 } })
        .toColourspace(space)
        .png()
        .toBuffer()
      const pixels = await decodeImage(bytes, 16)
      expectColour(at(pixels, 16, 3, 8), [255, 255, 255], 1)
      expectColour(at(pixels, 16, 12, 8), [127, 127, 127], 1)
    },
  )

  it('turns a picture upright as its EXIF orientation says', async () => {
    // 6: the camera was held so that the stored rows are the columns, turned by 90° clockwise when shown.
    const bytes = await picture(64, 64).withMetadata({ orientation: 6 }).png().toBuffer()
    const pixels = await decodeImage(bytes, 16)
    expectColour(at(pixels, 16, 14, 1), [0, 200, 0])
    expectColour(at(pixels, 16, 8, 4), [200, 0, 0])
    expectColour(at(pixels, 16, 8, 12), [0, 0, 200])
  })

  it('shows the first frame of an animation', async () => {
    const frame = (r: number, b: number) =>
      sharp({ create: { width: 20, height: 20, channels: 3, background: { r, g: 0, b } } })
        .png()
        .toBuffer()
    const bytes = await sharp([await frame(255, 0), await frame(0, 255)], { join: { animated: true } })
      .gif()
      .toBuffer()
    expect((await sharp(bytes).metadata()).pages).toBe(2)
    expectColour(at(await decodeImage(bytes, 16), 16, 8, 8), [255, 0, 0])
  })

  it('takes the centre of the longer side', async () => {
    const wide = await picture(300, 100).png().toBuffer()
    const pixels = await decodeImage(wide, 20)
    // The corner ends at a quarter of the width, which the centre square leaves out.
    expectColour(at(pixels, 20, 2, 2), [200, 0, 0])
    expectColour(at(pixels, 20, 17, 2), [0, 0, 200])
  })

  it('leaves an image of the right size untouched', async () => {
    const data = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (i * 37) % 256)
    const bytes = await sharp(data, { raw: { width: 16, height: 16, channels: 3 } })
      .png()
      .toBuffer()
    const pixels = await decodeImage(bytes, 16)
    expect([...pixels].filter((_, i) => i % 4 < 3)).toEqual([...data])
  })

  it('enlarges bilinearly with half-pixel centres', async () => {
    const bytes = await sharp(new Uint8Array([0, 100]), { raw: { width: 2, height: 1, channels: 1 } })
      .resize(2, 2, { kernel: 'nearest', fit: 'fill' })
      .png()
      .toBuffer()
    const row = (await decodeImage(bytes, 4)).subarray(0, 16)
    expect([...row].filter((_, i) => i % 4 === 0)).toEqual([0, 25, 75, 100])
  })

  it('averages areas when it shrinks, so that a fine pattern becomes its mean', async () => {
    const data = Uint8Array.from({ length: 256 * 256 }, (_, i) => (((i >> 8) ^ i) & 1) * 255)
    const bytes = await sharp(data, { raw: { width: 256, height: 256, channels: 1 } })
      .png()
      .toBuffer()
    const pixels = await decodeImage(bytes, 16)
    for (let i = 0; i < pixels.length; i += 4) expect(Math.abs((pixels[i] ?? 0) - 127.5)).toBeLessThanOrEqual(2)
  })

  it('reads a strip a thousand times as long as it is wide', async () => {
    const bytes = await sharp({ create: { width: 4000, height: 4, channels: 3, background: 'red' } })
      .png()
      .toBuffer()
    expectColour(at(await decodeImage(bytes, 16), 16, 8, 8), [255, 0, 0])
  })
})

describe('decodeImage refuses', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'tiff'] as const)(
    '%s files that are cut off, even below the centre',
    async (format) => {
      const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
      const tall = sharp({ create: { width: 100, height: 300, channels: 3, background: 'grey', noise } })
      const whole = await tall.toFormat(format).toBuffer()
      await decodeImage(whole, 16)
      for (const share of [0.1, 0.5, 0.95]) {
        expect(await failure(whole.subarray(0, Math.floor(whole.length * share)))).toMatch(
          new RegExp(`damaged or cut off ${format}`, 'i'),
        )
      }
    },
  )

  it('more than 50 megapixels, before decoding them', async () => {
    const bytes = await sharp({ create: { width: 10_000, height: 5001, channels: 3, background: 'red' } })
      .png({ compressionLevel: 1 })
      .toBuffer()
    expect(await failure(bytes)).toBe('10000×5001 is more than 50 megapixels; shrink it')
  })

  it.each([
    ['', 'an empty file (0 bytes)'],
    ['hello', 'a text file; convert it'],
    ['<!DOCTYPE html><html>', 'a web page; convert it'],
    ['<svg xmlns="http://www.w3.org/2000/svg"/>', 'an SVG drawing; convert it'],
    ['BM\0\0\0\0', 'a BMP image; convert it'],
    ['\0\0\0\x1cftypavif', 'an AVIF image; convert it'],
    ['\0\0\0\0', 'a file of zeros; convert it'],
    ['\x01\x02\x03\x04', 'a file of an unknown kind; convert it'],
  ])('content %j', async (content, reason) => {
    expect((await failure(Buffer.from(content, 'latin1'))).startsWith(reason)).toBe(true)
  })

  it('a right signature with nonsense behind it', async () => {
    const bytes = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(500, 7)])
    expect(await failure(bytes)).toMatch(/^damaged or cut off PNG/)
  })
})
