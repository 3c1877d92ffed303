/**
 * Counter-based random numbers: every draw is a pure function of what it is for (seed, epoch, purpose, position), never of
 * how many draws came before it. So results do not depend on how many threads decode, or on where a run was resumed.
 *
 * The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
 * doi 10.1145/2063384.2063405): a 128-bit counter is scrambled in ten rounds under a 64-bit key. All arithmetic is exact
 * in u32, so that JavaScript and WGSL give the same words.
 */

/** Four u32 words. */
export type Words = [number, number, number, number]

const M0 = 0xd2511f53
const M1 = 0xcd9e8d57
const WEYL0 = 0x9e3779b9
const WEYL1 = 0xbb67ae85

/** High 32 bits of the 64-bit product of two u32, as u32. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff
  const aHigh = a >>> 16
  const bLow = b & 0xffff
  const bHigh = b >>> 16
  const low = aLow * bLow
  const middle1 = aHigh * bLow + (low >>> 16) // < 2^32: (2^16-1)^2 + 2^16 - 1
  const middle2 = aLow * bHigh + (middle1 % 0x10000)
  return (aHigh * bHigh + Math.floor(middle1 / 0x10000) + Math.floor(middle2 / 0x10000)) >>> 0
}

/** Philox4x32-10 of counter (c0, c1, c2, c3) under key (k0, k1); inputs are taken modulo 2^32. */
export function philox(c0: number, c1: number, c2: number, c3: number, k0: number, k1: number): Words {
  let [a, b, c, d, x, y] = [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0, k0 >>> 0, k1 >>> 0]
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(M0, a)
    const low0 = Math.imul(M0, a) >>> 0
    const high1 = mulHigh(M1, c)
    const low1 = Math.imul(M1, c) >>> 0
    a = (high1 ^ b ^ x) >>> 0
    b = low1
    c = (high0 ^ d ^ y) >>> 0
    d = low0
    x = (x + WEYL0) >>> 0
    y = (y + WEYL1) >>> 0
  }
  return [a, b, c, d]
}

/** What a draw is for: the second key word, so that no two purposes share numbers under one seed. */
export const Purpose = { order: 1, split: 2, sample: 3, augment: 4, partner: 5 } as const

/**
 * The order 0 … n-1 shuffled for one epoch (Fisher–Yates from the end, drawing from Philox by position), n < 2^32; for another
 * purpose, `epoch` may count something else.
 * A draw below k is ⌊word · k / 2^32⌋: its bias is under k / 2^32, far below what any order of images could show.
 */
export function permutation(n: number, seed: number, epoch: number, purpose: number = Purpose.order): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i)
  let words: Words = [0, 0, 0, 0]
  for (let i = n - 1, draw = 0; i > 0; i--, draw++) {
    if (draw % 4 === 0) words = philox(draw >>> 2, epoch, 0, 0, seed, purpose)
    const j = mulHigh(words[draw % 4] as number, i + 1)
    const kept = order[i] as number
    order[i] = order[j] as number
    order[j] = kept
  }
  return order
}

/** A uniform u32 that belongs to `text` under `seed`: the same wherever and whenever it is asked. */
export function wordOfText(text: string, seed: number, purpose: number): number {
  const [low, high] = fnv1a64(text)
  return philox(low, high, text.length, 0, seed, purpose)[0]
}

/** 64-bit FNV-1a over UTF-16 code units, as two u32 (RFC 9923); spreads texts over Philox counters. */
function fnv1a64(text: string): [low: number, high: number] {
  // The prime is 2^40 + 0x1b3: multiply the low word by 0x1b3 exactly, add the shifted part to the high word.
  let low = 0x84222325
  let high = 0xcbf29ce4
  for (let i = 0; i < text.length; i++) {
    low = (low ^ text.charCodeAt(i)) >>> 0
    const product = low * 0x1b3 // < 2^41, exact
    high = (Math.imul(high, 0x1b3) + Math.floor(product / 2 ** 32) + (low << 8)) >>> 0
    low = product >>> 0
  }
  return [low, high]
}
