import { ExplainInputError } from './errors.ts'

/** A picture [height, width, 4], row-major RGBA in sRGB, as a browser's ImageData. Explanations leave alpha alone. */
export interface Pixels {
  readonly width: number
  readonly height: number
  readonly data: Uint8ClampedArray | Uint8Array
}

export type Rgb = readonly [red: number, green: number, blue: number]

/** An opaque picture of one colour. */
export function blank(width: number, height: number, colour: Rgb = [0, 0, 0]): Pixels {
  const data = new Uint8ClampedArray(4 * width * height)
  for (let p = 0; p < data.length; p += 4) {
    data.set(colour, p)
    data[p + 3] = 255
  }
  return { width, height, data }
}

/** A copy that may be painted on. */
export function copy(image: Pixels): Pixels {
  return { width: image.width, height: image.height, data: Uint8ClampedArray.from(image.data) }
}

export function checkPixels(image: Pixels): void {
  const { width, height, data } = image
  if (!(width > 0 && height > 0) || data.length !== 4 * width * height) {
    throw new ExplainInputError(
      `The picture holds ${data.length} bytes: ${width} × ${height} pixels of RGBA need others`,
    )
  }
}

/** Throws unless two things cover the same pixels; `what` names the second. */
export function checkSameSize(
  a: { width: number; height: number },
  b: { width: number; height: number },
  what: string,
): void {
  if (a.width !== b.width || a.height !== b.height) {
    throw new ExplainInputError(`${what} is ${b.width} × ${b.height}: the picture has ${a.width} × ${a.height} pixels`)
  }
}
