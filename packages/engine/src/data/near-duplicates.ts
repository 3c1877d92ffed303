/**
 * Finds images that are nearly the same by their perceptual hashes, without comparing all with all. Hashes that differ in at most
 * 4·r + 3 bits differ in at most r of one of their four words of 16: so each word is looked up among those of the others,
 * with up to r bits turned (Norouzi, Punjani, Fleet: "Fast search in Hamming space with multi-index hashing", CVPR 2012).
 */
import { bitCount, type PerceptualHash } from './perceptual-hash.ts'

/**
 * Copies of photographs that were halved, compressed again or brightened differ in 0 to 4 bits; of a million pairs of different
 * photographs (CIFAR-10, 32 px) none differed in 6 or fewer that was not the same picture.
 */
export const NEAR = 6

export interface NearOptions {
  /** Most bits in which a pair differs, at most 7; default `NEAR`. */
  distance?: number
  /** Only pairs whose numbers here differ: the splits that images are in. */
  apart?: ArrayLike<number>
}

const words = 4
const wordBits = 16

/** Calls `onPair` once for each pair i < j of near hashes; null is near to nothing. */
export function nearPairs(
  hashes: readonly (PerceptualHash | null)[],
  onPair: (i: number, j: number, distance: number) => void,
  { distance = NEAR, apart }: NearOptions = {},
): void {
  if (!(Number.isInteger(distance) && distance >= 0 && distance <= 7)) {
    throw new RangeError(`distance is ${distance}: it must be a whole number from 0 to 7`)
  }
  // `words` words of `radius + 1` changed bits each would be more than `distance`.
  const radius = Math.floor(distance / words)
  const known = Uint32Array.from(hashes.keys()).filter((i) => hashes[i] !== null)
  const values = Uint16Array.from({ length: hashes.length * words }, (_, at) => {
    const hash = hashes[Math.floor(at / words)]
    return hash ? wordOf(hash, at % words) : 0
  })
  const differ = (i: number, j: number, word: number): number =>
    bitCount((values[i * words + word] as number) ^ (values[j * words + word] as number))
  for (let word = 0; word < words; word++) {
    const { starts, members } = buckets(known, (i) => values[i * words + word] as number)
    for (const j of known) {
      for (const turned of turns(radius)) {
        const value = (values[j * words + word] as number) ^ turned
        for (let at = starts[value] as number; at < (starts[value + 1] as number); at++) {
          const i = members[at] as number
          if (i >= j) break
          if (apart && apart[i] === apart[j]) continue
          // Each pair once: by the first word in which it is near enough to be found.
          let bits = bitCount(turned)
          let first = true
          for (let other = 0; other < words && bits <= distance; other++) {
            if (other === word) continue
            const changed = differ(i, j, other)
            bits += changed
            if (other < word && changed <= radius) first = false
          }
          if (first && bits <= distance) onPair(i, j, bits)
        }
      }
    }
  }
}

function wordOf(hash: PerceptualHash, word: number): number {
  return ((hash[word >> 1] as number) >>> (wordBits * (word & 1))) & 0xffff
}

/** What a word is to be xored with: nothing, or one of its bits. */
function turns(radius: number): number[] {
  return radius === 0 ? [0] : [0, ...Array.from({ length: wordBits }, (_, bit) => 1 << bit)]
}

/** Items by key, ascending in each: those of a key are members[starts[key]] up to starts[key + 1]. */
function buckets(items: Uint32Array, keyOf: (item: number) => number): { starts: Uint32Array; members: Uint32Array } {
  const starts = new Uint32Array((1 << wordBits) + 1)
  for (const item of items) starts[keyOf(item) + 1]!++
  for (let key = 1; key < starts.length; key++) starts[key]! += starts[key - 1] as number
  const next = starts.slice()
  const members = new Uint32Array(items.length)
  for (const item of items) members[next[keyOf(item)]!++] = item
  return { starts, members }
}

/** An image among those that were compared. */
export interface ComparedImage {
  path: string
  class: string
  split: 'train' | 'valid' | 'test'
}

export interface NearDuplicate {
  /** Bits in which the hashes differ: 0 for the same picture, as far as they tell. */
  distance: number
  /** The one in the earlier split. */
  first: ComparedImage
  second: ComparedImage
}

/** Pairs of near-duplicates. */
export interface NearDuplicates {
  /** How many there are. */
  count: number
  /** The nearest of them, at most 1000. */
  pairs: NearDuplicate[]
}

const named = 1000

/** The pairs among `images`, which have a hash each, that `keep` does not refuse; in order of distance, then of the images. */
export function nearDuplicates(
  images: readonly ComparedImage[],
  hashes: readonly (PerceptualHash | null)[],
  keep: (i: number, j: number) => boolean,
  options: NearOptions = {},
): NearDuplicates {
  const found: { i: number; j: number; distance: number }[] = []
  nearPairs(hashes, (i, j, distance) => keep(i, j) && found.push({ i, j, distance }), options)
  found.sort((a, b) => a.distance - b.distance || a.i - b.i || a.j - b.j)
  const pairs = found
    .slice(0, named)
    .map(({ i, j, distance }) => ({ distance, first: { ...images[i]! }, second: { ...images[j]! } }))
  return { count: found.length, pairs }
}
