import { Purpose, uniform, words } from './random.ts'

/**
 * Which features each sample shows: bit f % 32 of words[s · stride + ⌊f / 32⌋] for feature f of sample s, as a device reads
 * them. Bits beyond the features are 0.
 */
export interface Masks {
  readonly samples: number
  readonly features: number
  /** Words a sample: ⌈features / 32⌉. */
  readonly stride: number
  readonly words: Uint32Array
}

/** Masks that hide everything. */
export function emptyMasks(samples: number, features: number): Masks {
  const stride = Math.ceil(features / 32)
  return { samples, features, stride, words: new Uint32Array(samples * stride) }
}

export function isShown(masks: Masks, sample: number, feature: number): boolean {
  const word = masks.words[sample * masks.stride + (feature >>> 5)] as number
  return ((word >>> (feature & 31)) & 1) === 1
}

export function show(masks: Masks, sample: number, feature: number): void {
  const w = sample * masks.stride + (feature >>> 5)
  masks.words[w] = ((masks.words[w] as number) | (1 << (feature & 31))) >>> 0
}

export function showAll(masks: Masks, sample: number): void {
  for (let f = 0; f < masks.features; f++) show(masks, sample, f)
}

/** Makes sample `to` show what `from` hides, and the other way round. */
export function complement(masks: Masks, from: number, to: number): void {
  for (let f = 0; f < masks.features; f++) if (!isShown(masks, from, f)) show(masks, to, f)
}

/** How many features each sample shows. */
export function shownCounts(masks: Masks): Int32Array {
  return Int32Array.from({ length: masks.samples }, (_, sample) => {
    let count = 0
    for (let f = 0; f < masks.features; f++) if (isShown(masks, sample, f)) count++
    return count
  })
}

/** Samples `begin` to `end` (exclusive), as a view of the same bits. */
export function sliceMasks(masks: Masks, begin: number, end: number): Masks {
  const { features, stride } = masks
  return { samples: end - begin, features, stride, words: masks.words.subarray(begin * stride, end * stride) }
}

/** The masks as numbers 0 and 1 [samples, features]. */
export function masksAsMatrix(masks: Masks): Float64Array {
  const matrix = new Float64Array(masks.samples * masks.features)
  for (let s = 0, i = 0; s < masks.samples; s++) {
    for (let f = 0; f < masks.features; f++, i++) matrix[i] = isShown(masks, s, f) ? 1 : 0
  }
  return matrix
}

/** Shows each feature of `sample` with probability ½; a function of the seed and `draw`. */
export function drawHalf(masks: Masks, sample: number, seed: number, draw: number): void {
  for (let w = 0; w < masks.stride; w++) {
    const bits = words(seed, Purpose.mask, draw, w >>> 2)[w & 3] as number
    const inUse = Math.min(32, masks.features - 32 * w)
    masks.words[sample * masks.stride + w] = inUse === 32 ? bits : (bits & (2 ** inUse - 1)) >>> 0
  }
}

/**
 * Shows a random set of features in `sample`: of size k with probability sizes[k], and among those of its size with equal
 * chances. A function of the seed and `draw`.
 */
export function drawSubset(masks: Masks, sample: number, sizes: ArrayLike<number>, seed: number, draw: number): void {
  let left = uniform(seed, Purpose.subset, draw, 0)
  let size = 0
  while (size < masks.features && left >= (sizes[size] as number)) left -= sizes[size++] as number
  // Each feature in turn, by the chance that it is among those still to be shown (Fan, Muller and Rezucha, 1962).
  for (let f = 0, missing = size; f < masks.features && missing > 0; f++) {
    if (uniform(seed, Purpose.subset, draw, f + 1) * (masks.features - f) < missing) {
      show(masks, sample, f)
      missing--
    }
  }
}
