/**
 * Counter-based random numbers: a draw is a pure function of (seed, stream, position). Philox2x32-10 (Salmon, Moraes, Dror, Shaw:
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011): 64 bits of counter scrambled in ten rounds under a key of 32.
 */
const multiplier = 0xd256d193
const weyl = 0x9e3779b9

/** Writes the two u32 words of counter (c0, c1) under `key` to `out`. */
export function philox(c0: number, c1: number, key: number, out: Uint32Array): void {
  let a = c0 | 0
  let b = c1 | 0
  let k = key | 0
  for (let round = 0; round < 10; round++) {
    const high = mulHigh(a)
    const low = Math.imul(multiplier, a)
    a = high ^ k ^ b
    b = low
    k = (k + weyl) | 0
  }
  out[0] = a
  out[1] = b
}

const multiplierLow = multiplier & 0xffff
const multiplierHigh = multiplier >>> 16

/** High 32 bits of multiplier · a, by halves of 16 bits; every sum is below 2³², so that int32 arithmetic is exact. */
function mulHigh(a: number): number {
  const low = a & 0xffff
  const high = a >>> 16
  const first = (Math.imul(multiplierHigh, low) + (Math.imul(multiplierLow, low) >>> 16)) | 0
  const second = (Math.imul(multiplierLow, high) + (first & 0xffff)) | 0
  return (Math.imul(multiplierHigh, high) + (first >>> 16) + (second >>> 16)) | 0
}

/** The numbers of one stream under a seed, in order. */
export class RandomStream {
  readonly #seed: number
  readonly #stream: number
  readonly #words: Uint32Array = new Uint32Array(2)
  #position = 0
  #spare = false

  constructor(seed: number, stream: number) {
    this.#seed = seed
    this.#stream = stream
  }

  /** An integer in [0, n), n ≤ 2³²; its bias is under n / 2³². */
  below(n: number): number {
    this.#spare = !this.#spare
    if (this.#spare) this.#next()
    return Math.floor(((this.#words[this.#spare ? 0 : 1] as number) / 2 ** 32) * n)
  }

  /** A number in (0, 1) of 53 bits. */
  uniform(): number {
    this.#next()
    this.#spare = false
    const high = (this.#words[0] as number) >>> 6
    const low = (this.#words[1] as number) >>> 6
    return (high * 2 ** 26 + low + 0.5) / 2 ** 52
  }

  #next(): void {
    philox(this.#position++, this.#stream, this.#seed, this.#words)
  }
}
