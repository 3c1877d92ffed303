import type { Pixels } from '../pixels.ts'

/** The pictures of goldens/make_segments.py: waves, two discs, bars, tiles and grain. */
export function formulaPicture(k: number, height: number, width: number): Pixels {
  const data = new Uint8ClampedArray(4 * width * height).fill(255)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        let value = 110 + 50 * Math.sin((0.04 + 0.015 * k) * (x + (k % 3) * y) + 2 * c)
        const disc = (0.02 + 0.01 * (k % 4)) * width * height
        if ((x - width * 0.3) ** 2 + (y - height * 0.4) ** 2 < disc) value += [90, -40, -70][c] as number
        const second = 0.03 * width * height
        if ((x - width * 0.75) ** 2 + (y - height * 0.7) ** 2 < second) value += [-60, 80, 20][c] as number
        if ((y + 2 * k) % 24 < 5) value += [20, 20, -50][c] as number
        const tile = Math.floor(x / 11) * 7 + Math.floor(y / 9) * 13 + c * 5 + k * 3
        value += ((Math.imul(tile, 2654435) >>> 16) % 64) - 32
        const mixed = (x * 73856093) ^ (y * 19349663) ^ (c * 83492791) ^ (k * 2654435)
        value += (((Math.imul(mixed, 40503) >>> 16) % 1000) / 1000) * (4 + 4 * (k % 5))
        data[4 * (y * width + x) + c] = Math.min(255, Math.max(0, Math.floor(value)))
      }
    }
  }
  return { width, height, data }
}
