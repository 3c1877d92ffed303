/** A colour as hue in degrees, saturation and lightness in percent. */
export type Hsl = readonly [hue: number, saturation: number, lightness: number]

export type Range = readonly [low: number, high: number]

/**
 * Seeded chance for one picture: the same seeds give the same throws, whatever other pictures are drawn.
 * The generator is sfc32 of PractRand (Doty-Humphrey): three words of state and a counter, all u32.
 */
export class Dice {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number, series: number, number: number) {
    this.#a = seed >>> 0
    this.#b = series >>> 0
    this.#c = number >>> 0
    // Seeds that differ in one bit are far apart after twelve rounds.
    for (let i = 0; i < 12; i++) this.unit()
  }

  /** Uniform in [0, 1). */
  unit(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }

  between([low, high]: Range): number {
    return low + (high - low) * this.unit()
  }

  /** Bell-shaped about 0: the sum of four uniforms, scaled to a standard deviation of 1; within ±3.47. */
  bell(): number {
    return (this.unit() + this.unit() + this.unit() + this.unit() - 2) * Math.sqrt(3)
  }

  chance(share: number): boolean {
    return this.unit() < share
  }

  pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.unit() * choices.length)] as T
  }

  times<T>(count: number, draw: (index: number) => T): T[] {
    return Array.from({ length: Math.round(count) }, (_, index) => draw(index))
  }

  /** A colour near another: about `spread` degrees of hue, and as many percent of saturation and lightness. */
  near([hue, saturation, lightness]: Hsl, spread: number): Hsl {
    return shade(
      [hue + this.bell() * spread * 0.6, saturation + this.bell() * spread, lightness],
      this.bell() * spread * 0.7,
    )
  }
}

/** Lighter (positive, in percent) or darker. */
export function shade([hue, saturation, lightness]: Hsl, by: number): Hsl {
  const bound = (value: number): number => Math.min(97, Math.max(3, value))
  return [hue, bound(saturation), bound(lightness + by)]
}

export const css = ([hue, saturation, lightness]: Hsl): string =>
  `hsl(${round((hue + 360) % 360)},${round(saturation)}%,${round(lightness)}%)`

/** Two decimals are a hundredth of a percent of the picture. */
export const round = (value: number): number => Math.round(value * 100) / 100

/** SVG path data from commands and coordinates. */
export const path = (...parts: (string | number)[]): string =>
  parts.map((part) => (typeof part === 'number' ? round(part) : part)).join(' ')
