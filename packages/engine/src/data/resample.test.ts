import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { decodeImage } from './decode-image.ts'
import { type Preparation, prepareImage } from './resample.ts'

interface Golden extends Preparation {
  width: number
  height: number
  size: number
  /** The first four pixels, for whoever looks for a difference. */
  first: number[]
  sha256: string
}

const goldens: Golden[] = JSON.parse(readFileSync(new URL('goldens/resample.json', import.meta.url), 'utf8'))

const rgb = (width: number, height: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.imul(i, 2654435761) >>> 24))

const png = (width: number, height: number): Promise<Buffer> =>
  sharp(rgb(width, height), { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()

const withoutAlpha = (rgba: Uint8Array): Uint8Array => rgba.filter((_, i) => i % 4 !== 3)

test.each(goldens)(
  '$interpolation: a $width × $height image becomes the very $size pixels of a share of $crop that torchvision makes of it',
  ({ width, height, size, crop, interpolation, first, sha256 }) => {
    const rgba = new Uint8Array(width * height * 4)
    for (const [i, value] of rgb(width, height).entries()) rgba[Math.floor(i / 3) * 4 + (i % 3)] = value
    const pixels = withoutAlpha(prepareImage({ data: rgba, width, height }, size, { crop, interpolation }))
    expect([...pixels.subarray(0, 12)]).toEqual(first)
    expect(createHash('sha256').update(pixels).digest('hex')).toBe(sha256)
  },
)

test('bicubic files are decoded to just that', async () => {
  for (const { width, height, size, crop, interpolation, sha256 } of goldens) {
    if (interpolation !== 'bicubic') continue
    const pixels = withoutAlpha(await decodeImage(await png(width, height), size, { crop, interpolation }))
    expect(createHash('sha256').update(pixels).digest('hex')).toBe(sha256)
  }
})

test.each(['bilinear', 'bicubic'] as const)('%s leaves an image of the right size as it is', async (interpolation) => {
  const pixels = withoutAlpha(await decodeImage(await png(20, 20), 20, { crop: 0.5, interpolation }))
  expect(Buffer.from(pixels)).toEqual(rgb(20, 20))
})

test('a share of the image is the centre of a larger one, whether it shrinks or grows', async () => {
  for (const [side, size, crop] of [
    [96, 24, 0.75],
    [20, 24, 0.75],
  ] as const) {
    const bytes = await png(side, side)
    const whole = await decodeImage(bytes, 32)
    const share = await decodeImage(bytes, size, { crop, interpolation: 'bilinear' })
    const row = (y: number): Uint8Array => whole.subarray(((y + 4) * 32 + 4) * 4, ((y + 4) * 32 + 28) * 4)
    for (let y = 0; y < size; y++) expect(share.subarray(y * size * 4, (y + 1) * size * 4)).toEqual(row(y))
  }
})
