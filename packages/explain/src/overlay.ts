import { ExplainInputError } from './errors.ts'
import { ranked } from './explanation.ts'
import { blank, checkSameSize, copy, type Pixels, type Rgb } from './pixels.ts'
import type { Segments } from './segments/segments.ts'

/** Colours from low to high, evenly spaced; between them is interpolated. */
export type ColourScale = readonly Rgb[]

/** From dark to bright, as matplotlib's viridis. */
export const sequential: ColourScale = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
]

/** Against (red), neither (white), for (green). */
export const diverging: ColourScale = [
  [178, 24, 43],
  [247, 247, 247],
  [27, 120, 55],
]

export function colourAt(scale: ColourScale, value: number): Rgb {
  const position = Math.min(Math.max(value, 0), 1) * (scale.length - 1)
  const low = Math.min(Math.floor(position), scale.length - 2)
  const [from, to] = [scale[low] as Rgb, scale[low + 1] as Rgb]
  return mix(from, to, position - low)
}

const mix = (a: Rgb, b: Rgb, share: number): Rgb => [
  Math.round(a[0] + (b[0] - a[0]) * share),
  Math.round(a[1] + (b[1] - a[1]) * share),
  Math.round(a[2] + (b[2] - a[2]) * share),
]

/** What a heat map's colours stand for: text is the caller's, who has fonts. */
export interface Legend {
  scale: ColourScale
  low: number
  high: number
}

/**
 * A map [height, width] laid over a picture. A map that is nowhere negative goes from 0 to its greatest value in the
 * sequential scale, another one from −m to m in the diverging one.
 */
export function heatMap(
  image: Pixels,
  map: ArrayLike<number>,
  options: { opacity?: number } = {},
): { pixels: Pixels; legend: Legend } {
  const { opacity = 0.5 } = options
  if (map.length !== image.width * image.height) {
    throw new ExplainInputError(`The map has ${map.length} values: the picture is ${image.width} × ${image.height}`)
  }
  let [least, most] = [0, 0]
  for (let p = 0; p < map.length; p++) {
    least = Math.min(least, map[p] as number)
    most = Math.max(most, map[p] as number)
  }
  const high = Math.max(-least, most)
  const legend: Legend = { scale: least < 0 ? diverging : sequential, low: least < 0 ? -high : 0, high }
  const pixels = copy(image)
  for (let p = 0; p < map.length; p++) {
    const value = high === 0 ? (least < 0 ? 0.5 : 0) : ((map[p] as number) - legend.low) / (legend.high - legend.low)
    paint(pixels, p, colourAt(legend.scale, value), opacity)
  }
  return { pixels, legend }
}

/** A legend's bar, low at the left. */
export function legendBar(legend: Legend, width: number, height: number): Pixels {
  const bar = blank(width, height)
  for (let p = 0; p < width * height; p++)
    paint(bar, p, colourAt(legend.scale, (p % width) / Math.max(1, width - 1)), 1)
  return bar
}

export interface SuperpixelOptions {
  /** At most so many segments, largest weights first. The original shows 5. */
  top?: number
  /** Weights below it in magnitude are left out. */
  least?: number
  sign?: 'positive' | 'negative' | 'both'
  /** Greys what is not shown. */
  hideRest?: boolean
  opacity?: number
  boundaries?: boolean
}

/** Which segments a picture of an explanation shows: as the original's get_image_and_mask chooses them. */
export function shownSegments(weights: ArrayLike<number>, options: SuperpixelOptions = {}): number[] {
  const { top = 5, least = 0, sign = 'positive' } = options
  const counts = (weight: number): boolean =>
    (sign === 'both' || (sign === 'positive' ? weight > 0 : weight < 0)) && weight !== 0 && Math.abs(weight) >= least
  return ranked(weights)
    .filter((segment) => counts(weights[segment] as number))
    .slice(0, top)
}

/** What superpixels are tinted with: for the class, and against it. */
export const sideColours: { readonly for: Rgb; readonly against: Rgb } = { for: [27, 158, 75], against: [214, 47, 39] }
const GREY: Rgb = [128, 128, 128]
const EDGE: Rgb = [255, 255, 0]

/** A picture whose most important superpixels are tinted green (for the class) and red (against it), and outlined. */
export function superpixels(
  image: Pixels,
  segments: Segments,
  weights: ArrayLike<number>,
  options: SuperpixelOptions = {},
): Pixels {
  checkSameSize(image, segments, 'The segmentation')
  const { hideRest = false, opacity = 0.35, boundaries = true } = options
  const shown = new Set(shownSegments(weights, options))
  const pixels = copy(image)
  const groups = new Int32Array(segments.labels.length)
  segments.labels.forEach((label, p) => {
    if (shown.has(label)) {
      const isFor = (weights[label] as number) > 0
      groups[p] = isFor ? 1 : 2
      paint(pixels, p, isFor ? sideColours.for : sideColours.against, opacity)
    } else if (hideRest) paint(pixels, p, GREY, 1)
  })
  return boundaries ? outline(pixels, groups) : pixels
}

/** A picture with a line where neighbouring labels [height, width] differ: of segments, all superpixels' boundaries. */
export function outline(image: Pixels, labels: ArrayLike<number>, colour: Rgb = EDGE): Pixels {
  const { width, height } = image
  const pixels = copy(image)
  for (let p = 0; p < width * height; p++) {
    const right = p % width < width - 1 && labels[p] !== labels[p + 1]
    const below = p + width < width * height && labels[p] !== labels[p + width]
    if (right || below) paint(pixels, p, colour, 1)
  }
  return pixels
}

/** Where a picture lies in a panel. */
export interface Place {
  x: number
  y: number
  width: number
  height: number
}

/**
 * Pictures side by side, `columns` in a row, as the notebook shows them. `caption` pixels are left free under each, for the
 * line of probabilities that the caller writes there: `places` says where the pictures lie.
 */
export function panel(
  pictures: readonly Pixels[],
  options: { columns?: number; gap?: number; caption?: number; background?: Rgb } = {},
): { pixels: Pixels; places: Place[] } {
  const { columns = pictures.length, gap = 8, caption = 0, background = [255, 255, 255] } = options
  if (pictures.length === 0) throw new ExplainInputError('A panel needs at least one picture')
  const width = Math.max(...pictures.map((picture) => picture.width))
  const height = Math.max(...pictures.map((picture) => picture.height)) + caption
  const across = Math.min(columns, pictures.length)
  const down = Math.ceil(pictures.length / columns)
  const pixels = blank(across * (width + gap) + gap, down * (height + gap) + gap, background)
  const places = pictures.map((picture, i) => {
    const x = gap + (i % columns) * (width + gap)
    const y = gap + Math.floor(i / columns) * (height + gap)
    for (let row = 0; row < picture.height; row++) {
      const line = picture.data.subarray(4 * row * picture.width, 4 * (row + 1) * picture.width)
      pixels.data.set(line, 4 * ((y + row) * pixels.width + x))
    }
    return { x, y, width: picture.width, height: picture.height }
  })
  return { pixels, places }
}

function paint(pixels: Pixels, p: number, colour: Rgb, opacity: number): void {
  for (let c = 0; c < 3; c++) {
    const under = pixels.data[4 * p + c] as number
    pixels.data[4 * p + c] = Math.round(under + ((colour[c] as number) - under) * opacity)
  }
}
