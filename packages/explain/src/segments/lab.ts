import type { Pixels } from '../pixels.ts'

// sRGB to XYZ and the white point of D65 (2°), with the digits of scikit-image, whose segments are the yardstick.
const XYZ = [
  [0.412453, 0.35758, 0.180423],
  [0.212671, 0.71516, 0.072169],
  [0.019334, 0.119193, 0.950227],
] as const
const WHITE = [0.95047, 1, 1.08883] as const

/** Linear light of an sRGB value in [0, 1]. */
const linear = (value: number): number => (value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92)

const curve = (t: number): number => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116)

/** CIE Lab [height, width, 3] of a picture: L from 0 to 100. `rgb` scales the bytes, by default to [0, 1]. */
export function labOf(image: Pixels, rgb: (byte: number) => number = (byte) => byte / 255): Float64Array {
  const light = Float64Array.from({ length: 256 }, (_, byte) => linear(rgb(byte)))
  const lab = new Float64Array(3 * image.width * image.height)
  const channel = (row: 0 | 1 | 2, r: number, g: number, b: number): number =>
    curve((XYZ[row][0] * r + XYZ[row][1] * g + XYZ[row][2] * b) / WHITE[row])
  for (let p = 0, q = 0; q < lab.length; p += 4, q += 3) {
    const r = light[image.data[p] as number] as number
    const g = light[image.data[p + 1] as number] as number
    const b = light[image.data[p + 2] as number] as number
    const [x, y, z] = [channel(0, r, g, b), channel(1, r, g, b), channel(2, r, g, b)]
    lab[q] = 116 * y - 16
    lab[q + 1] = 500 * (x - y)
    lab[q + 2] = 200 * (y - z)
  }
  return lab
}
