/**
 * Counter-based random numbers: a draw is a pure function of (seed, trial, attempt, purpose, index), never of how many draws
 * came before. So parallel workers that share a seed do not begin alike, and a study that was resumed goes on as if it had
 * never stopped. The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011, doi 10.1145/2063384.2063405).
 */

/** The next uniform number in [0, 1), of 53 bits. */
export type Draw = () => number

/** What draws are for: which trial of which study, how often it had to be drawn anew, and which decision. */
export interface DrawKey {
  seed: number
  trial: number
  attempt: number
  purpose: string
}

/** The stream of draws that belongs to `key`. */
export function drawsOf({ seed, trial, attempt, purpose }: DrawKey): Draw {
  const purposeWord = hashOfText(purpose)
  let block = 0
  let spare: number | null = null
  return () => {
    if (spare !== null) {
      const draw = spare
      spare = null
      return draw
    }
    const [a, b, c, d] = philox([block++, trial, attempt, purposeWord], [seed, 0])
    spare = unitOfWords(c, d)
    return unitOfWords(a, b)
  }
}

/** A uniform u32 that belongs to `text` under `seed`. */
export function wordOfText(text: string, seed: number): number {
  return philox([hashOfText(text), text.length, 0, 0], [seed, 1])[0]
}

type Words = [number, number, number, number]

/** Philox4x32-10 of a counter under a key, all words modulo 2^32. */
export function philox(counter: Words, key: [number, number]): Words {
  let [a, b, c, d] = counter.map((word) => word >>> 0) as Words
  let [x, y] = key.map((word) => word >>> 0) as [number, number]
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(0xd2511f53, a)
    const low0 = Math.imul(0xd2511f53, a) >>> 0
    const high1 = mulHigh(0xcd9e8d57, c)
    const low1 = Math.imul(0xcd9e8d57, c) >>> 0
    a = (high1 ^ b ^ x) >>> 0
    b = low1
    c = (high0 ^ d ^ y) >>> 0
    d = low0
    x = (x + 0x9e3779b9) >>> 0
    y = (y + 0xbb67ae85) >>> 0
  }
  return [a, b, c, d]
}

/** High 32 bits of the product of two u32: partial products of 16 bits, so that every one is exact. */
function mulHigh(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16]
  const middle1 = aHigh * bLow + ((aLow * bLow) >>> 16)
  const middle2 = aLow * bHigh + (middle1 % 0x10000)
  return (aHigh * bHigh + Math.floor(middle1 / 0x10000) + Math.floor(middle2 / 0x10000)) >>> 0
}

/** 53 bits of two u32 as a number in [0, 1). */
function unitOfWords(high: number, low: number): number {
  return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53
}

/** 32-bit FNV-1a over UTF-16 code units (RFC 9923). */
function hashOfText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
