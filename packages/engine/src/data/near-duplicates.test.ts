import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { UnreadableImageError } from './decode-image.ts'
import { lookAt } from './look.ts'
import { NEAR, nearPairs } from './near-duplicates.ts'
import { bitCount, hashDistance, type PerceptualHash, perceptualHash } from './perceptual-hash.ts'
import { philox } from './random.ts'

/** A picture of smooth blobs, as different from seed to seed as photographs are. */
async function picture(seed: number, width = 80, height = 60): Promise<Buffer> {
  const blobs = Array.from({ length: 30 }, (_, b) => philox(b, 0, 0, 0, seed, 1).map((word) => word / 2 ** 32))
  const pixels = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        let value = 110
        for (const [i, [u, v, size, weight]] of (blobs as [number, number, number, number][]).entries()) {
          const distance = ((x / width - u) ** 2 + (y / height - v) ** 2) / (0.002 + 0.02 * size)
          value += (weight - 0.5) * 300 * Math.exp(-distance) * (i % 3 === c ? 1 : 0.6)
        }
        pixels[(y * width + x) * 3 + c] = Math.max(0, Math.min(255, Math.round(value)))
      }
    }
  }
  const drawn = sharp(pixels, { raw: { width, height, channels: 3 } })
  return drawn
    .resize(2 * width, 2 * height)
    .png()
    .toBuffer()
}

const hashOf = async (bytes: Buffer): Promise<PerceptualHash> => (await lookAt(bytes)).hash as PerceptualHash

describe('the perceptual hash', () => {
  test('stays within the bound of a near-duplicate where an image is resized, compressed, brightened or given contrast', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const original = await picture(seed)
      const hash = await hashOf(original)
      const copies = [
        sharp(original).resize(80, 60),
        sharp(original).resize(320),
        sharp(original).jpeg({ quality: 40 }),
        sharp(original).modulate({ brightness: 1.1 }),
        sharp(original).linear(1.15, -12),
        sharp(original).resize(90).webp({ quality: 70 }),
      ]
      for (const copy of copies) {
        expect(hashDistance(hash, await hashOf(await copy.toBuffer()))).toBeLessThanOrEqual(NEAR)
      }
    }
  })

  test('differs in far more bits for different images', async () => {
    const hashes = await Promise.all(Array.from({ length: 25 }, async (_, seed) => hashOf(await picture(seed))))
    let least = 64
    for (const [i, a] of hashes.entries()) {
      for (const b of hashes.slice(0, i)) least = Math.min(least, hashDistance(a, b))
    }
    expect(least).toBeGreaterThan(NEAR + 2)
  })

  test('has the upright picture, its size and its brightness', async () => {
    const upright = await picture(3, 48, 32)
    // What a camera that was held sideways writes: turned pixels, and a note to turn them back.
    const turned = await sharp(upright).rotate(-90).withMetadata({ orientation: 6 }).jpeg({ quality: 95 }).toBuffer()
    const look = await lookAt(turned)
    expect(look).toMatchObject({ width: 96, height: 64 })
    expect(hashDistance(look.hash as PerceptualHash, await hashOf(upright))).toBeLessThanOrEqual(NEAR)
    const grey = sharp({ create: { width: 40, height: 30, channels: 3, background: { r: 51, g: 51, b: 51 } } })
    // Of a flat image there is nothing to tell.
    expect(await lookAt(await grey.png().toBuffer())).toEqual({
      width: 40,
      height: 30,
      brightness: expect.closeTo(0.2, 12),
      hash: null,
    })
  })

  test('has half of its bits set: those above the median', () => {
    const luma = Float64Array.from({ length: 1024 }, (_, i) => (philox(i, 0, 0, 0, 5, 5)[0] as number) % 256)
    const [low, high] = perceptualHash(luma) as PerceptualHash
    expect(bitCount(low) + bitCount(high)).toBe(32)
  })

  test('refuses what is no image', async () => {
    await expect(lookAt(Buffer.from('no image'))).rejects.toThrow(UnreadableImageError)
  })
})

describe('nearPairs', () => {
  const random = Array.from({ length: 600 }, (_, i): PerceptualHash => {
    const [low, high] = philox(i, 0, 0, 0, 11, 7)
    return [low, high]
  })
  // Copies with 0 to 9 bits turned, spread over all words, or all in one.
  const copies = random.slice(0, 300).map(([low, high], i): PerceptualHash => {
    let [a, b] = [low, high]
    for (let bit = 0; bit < i % 10; bit++) {
      const at = i % 3 === 0 ? bit : (bit * 13 + i) % 64
      if (at < 32) a ^= 1 << at
      else b ^= 1 << (at - 32)
    }
    return [a >>> 0, b >>> 0]
  })
  const hashes = [...random, null, ...copies]

  test.each([0, 3, 4, 6, 7])('finds what comparing all with all finds, within %i bits, each pair once', (distance) => {
    const expected: [number, number, number][] = []
    for (let j = 0; j < hashes.length; j++) {
      for (let i = 0; i < j; i++) {
        const [a, b] = [hashes[i], hashes[j]]
        if (a && b && hashDistance(a, b) <= distance) expected.push([i, j, hashDistance(a, b)])
      }
    }
    const found: [number, number, number][] = []
    nearPairs(hashes, (...pair) => found.push(pair), { distance })
    expect(found.sort(([a, b], [c, d]) => b - d || a - c)).toEqual(expected)
    expect(found.length).toBeGreaterThanOrEqual(30 * (distance + 1))
  })

  test('leaves out pairs of one split', () => {
    const apart = Uint8Array.from(hashes, (_, i) => (i < 600 || i > 700 ? 0 : 1))
    const found: number[] = []
    nearPairs(hashes, (_, j) => found.push(j), { apart })
    expect(found.length).toBeGreaterThan(0)
    for (const j of found) expect(j > 600 && j <= 700).toBe(true)
  })

  test('refuses a distance that four words cannot promise', () => {
    expect(() => nearPairs([], () => {}, { distance: 8 })).toThrow('distance is 8')
  })
})
