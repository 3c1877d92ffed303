/**
 * A perceptual hash: 64 bits that stay nearly the same where an image is resized, compressed again, brightened or given another contrast,
 * and differ in about half where it is another image (Zauner: "Implementation and benchmarking of perceptual image hash functions", 2010).
 *
 * Of the luma at 32 × 32, whatever the image's proportions, the 8 × 8 DCT-II coefficients of frequencies 1 to 8 in both
 * directions; bit 8·v + u says whether coefficient (v, u) is above the median of all 64. Brightness is frequency 0, and
 * contrast scales all alike.
 */

/** Side of the luma that is hashed. */
export const HASH_SIDE = 32

/** Below this standard deviation of the luma (of 255) there is nothing but noise to tell images apart by. */
const flat = 2

/** Bits 0 to 31 and 32 to 63. */
export type PerceptualHash = readonly [number, number]

const frequencies = 8
/** cos(π·(f + 1)·(x + ½) / side), [frequency, x]. */
const waves = Float64Array.from({ length: frequencies * HASH_SIDE }, (_, i) => {
  const [f, x] = [Math.floor(i / HASH_SIDE) + 1, i % HASH_SIDE]
  return Math.cos((Math.PI * f * (x + 0.5)) / HASH_SIDE)
})

/** The hash of luma [32, 32] from 0 to 255; null where it is flat: all flat images look alike. */
export function perceptualHash(luma: ArrayLike<number>): PerceptualHash | null {
  if (deviation(luma) < flat) return null
  // [y, u], then [v, u].
  const rows = new Float64Array(HASH_SIDE * frequencies)
  for (let y = 0; y < HASH_SIDE; y++) {
    for (let u = 0; u < frequencies; u++) {
      let sum = 0
      for (let x = 0; x < HASH_SIDE; x++)
        sum += (luma[y * HASH_SIDE + x] as number) * (waves[u * HASH_SIDE + x] as number)
      rows[y * frequencies + u] = sum
    }
  }
  const coefficients = new Float64Array(frequencies * frequencies)
  for (let v = 0; v < frequencies; v++) {
    for (let u = 0; u < frequencies; u++) {
      let sum = 0
      for (let y = 0; y < HASH_SIDE; y++)
        sum += (rows[y * frequencies + u] as number) * (waves[v * HASH_SIDE + y] as number)
      coefficients[v * frequencies + u] = sum
    }
  }
  const sorted = coefficients.toSorted()
  const median = ((sorted[31] as number) + (sorted[32] as number)) / 2
  const words: [number, number] = [0, 0]
  for (const [bit, value] of coefficients.entries()) {
    if (value > median) words[bit >> 5] = ((words[bit >> 5] as number) | (1 << (bit & 31))) >>> 0
  }
  return words
}

/** Bits in which two hashes differ, from 0 to 64. */
export function hashDistance(a: PerceptualHash, b: PerceptualHash): number {
  return bitCount(a[0] ^ b[0]) + bitCount(a[1] ^ b[1])
}

/** Ones among 32 bits. */
export function bitCount(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

function deviation(values: ArrayLike<number>): number {
  let sum = 0
  let squares = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    sum += value
    squares += value * value
  }
  return Math.sqrt(Math.max(0, squares / values.length - (sum / values.length) ** 2))
}
