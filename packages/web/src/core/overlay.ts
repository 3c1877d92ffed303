/** What lies over a picture in an explanation, as pixels and lines: no canvas here, and the colours of the command line's pictures. */
export type Rgb = readonly [red: number, green: number, blue: number]

/** Speaks for the class, and against it. */
export const FOR: Rgb = [27, 158, 75]
export const AGAINST: Rgb = [214, 47, 39]

/** matplotlib's viridis, for what is nowhere negative; red over white to green for what is. */
const sequential: readonly Rgb[] = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
]
const diverging: readonly Rgb[] = [
  [178, 24, 43],
  [247, 247, 247],
  [27, 120, 55],
]

/** The segment of each pixel, row by row, from its runs: segment, length, segment, length, …. */
export function decodeRuns(runs: readonly number[], pixels: number): Uint32Array {
  const segments = new Uint32Array(pixels)
  let begin = 0
  for (let i = 0; i + 1 < runs.length; i += 2) {
    const end = begin + (runs[i + 1] as number)
    segments.fill(runs[i] as number, begin, end)
    begin = end
  }
  return segments
}

export interface Shown {
  most: number
  positive: boolean
  negative: boolean
}

/** The segments to show with the sign of their weight, of weights that begin with the largest. */
export function shownSegments(
  weights: readonly { segment: number; weight: number }[],
  { most, positive, negative }: Shown,
): Map<number, 1 | -1> {
  const wanted = weights.filter(({ weight }) => (weight > 0 && positive) || (weight < 0 && negative))
  return new Map(wanted.slice(0, most).map(({ segment, weight }) => [segment, weight > 0 ? 1 : -1]))
}

/** RGBA: the shown segments in their colour, the rest clear. */
export function segmentPixels(
  segments: Uint32Array,
  shown: ReadonlyMap<number, 1 | -1>,
  opacity: number,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * segments.length)
  const alpha = Math.round(255 * opacity)
  for (let p = 0; p < segments.length; p++) {
    const sign = shown.get(segments[p] as number)
    if (sign !== undefined) pixels.set([...(sign > 0 ? FOR : AGAINST), alpha], 4 * p)
  }
  return pixels
}

/** Where pixels of a group end: segments [x, y, x, y] of lines between pixels, by the value of the group that they bound. */
export function outlines(groups: (pixel: number) => number, size: number): Map<number, number[]> {
  const lines = new Map<number, number[]>()
  const add = (group: number, ...line: number[]): void => {
    if (group === 0) return
    const known = lines.get(group)
    if (known) known.push(...line)
    else lines.set(group, line)
  }
  for (let y = 0, p = 0; y < size; y++) {
    for (let x = 0; x < size; x++, p++) {
      const here = groups(p)
      const right = x + 1 < size ? groups(p + 1) : here
      const below = y + 1 < size ? groups(p + size) : here
      if (right !== here) for (const group of [here, right]) add(group, x + 1, y, x + 1, y + 1)
      if (below !== here) for (const group of [here, below]) add(group, x, y + 1, x + 1, y + 1)
    }
  }
  return lines
}

/** By pixel, from base64 of little-endian float32. */
export function decodeMap(map: string): Float32Array {
  const bytes = Uint8Array.from(atob(map), (letter) => letter.charCodeAt(0))
  const view = new DataView(bytes.buffer)
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true))
}

export interface Legend {
  scale: readonly Rgb[]
  low: number
  high: number
}

/** A map that is nowhere negative goes from 0 to its greatest value, another one from −m to m. */
export function legendOf(map: Float32Array): Legend {
  let [least, most] = [0, 0]
  for (const value of map) {
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  const high = Math.max(-least, most)
  return least < 0 ? { scale: diverging, low: -high, high } : { scale: sequential, low: 0, high }
}

/** RGBA of a map in its legend's colours. */
export function mapPixels(
  map: Float32Array,
  { scale, low, high }: Legend,
  opacity: number,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * map.length)
  const alpha = Math.round(255 * opacity)
  for (let p = 0; p < map.length; p++) {
    const share = high > low ? ((map[p] as number) - low) / (high - low) : 0
    pixels.set([...colourAt(scale, share), alpha], 4 * p)
  }
  return pixels
}

function colourAt(scale: readonly Rgb[], share: number): Rgb {
  const position = Math.min(Math.max(share, 0), 1) * (scale.length - 1)
  const below = Math.min(Math.floor(position), scale.length - 2)
  const [from, to] = [scale[below] as Rgb, scale[below + 1] as Rgb]
  const mix = (c: 0 | 1 | 2): number => Math.round(from[c] + (to[c] - from[c]) * (position - below))
  return [mix(0), mix(1), mix(2)]
}
