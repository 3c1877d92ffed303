import { checkCount, ExplainInputError } from '../errors.ts'
import { checkPixels, type Pixels } from '../pixels.ts'
import { labOf } from './lab.ts'
import { type Segments, segmentsOf } from './segments.ts'

export interface SlicOptions {
  /** About how many segments. */
  segments?: number
  /** What a unit of the grid counts against one of Lab: higher is squarer. */
  compactness?: number
  iterations?: number
  /** Connected pieces smaller than this share of a mean segment go to a neighbour. */
  minSize?: number
  /** Connected pieces are cut off at this many mean segments. */
  maxSize?: number
}

/** A centre: y, x and scaled Lab. */
const FIELDS = 5

/**
 * SLIC superpixels (Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods", TPAMI 2012) as
 * scikit-image computes them: k-means of position and Lab from a regular grid, then connected pieces. Nothing is random.
 */
export function slic(image: Pixels, options: SlicOptions = {}): Segments {
  const { segments = 100, compactness = 10, iterations = 10, minSize = 0.5, maxSize = 3 } = options
  checkPixels(image)
  checkCount(segments, 1, 'segments')
  checkCount(iterations, 1, 'iterations')
  if (!(compactness > 0)) throw new ExplainInputError(`compactness is ${compactness}: it must be greater than 0`)
  const { width, height } = image
  const colours = stretchedLab(image)
  for (let i = 0; i < colours.length; i++) colours[i] = (colours[i] as number) * (1 / compactness)
  const grid = regularGrid(width, height, segments)
  const nearest = clusters(colours, width, height, grid, iterations)
  const mean = (width * height) / grid.centres.length
  return connected(nearest, width, height, Math.floor(minSize * mean), Math.floor(maxSize * mean))
}

/** Lab of the picture whose darkest and brightest values are stretched to 0 and 1. */
function stretchedLab(image: Pixels): Float64Array {
  let [least, most] = [255, 0]
  image.data.forEach((byte, i) => {
    if (i % 4 === 3) return
    least = Math.min(least, byte)
    most = Math.max(most, byte)
  })
  const range = most / 255 - least / 255 || 1
  return labOf(image, (byte) => (byte / 255 - least / 255) / range)
}

interface Grid {
  stepY: number
  stepX: number
  centres: { y: number; x: number }[]
}

/** Centres as square to each other as the picture allows: about `points` of them. */
function regularGrid(width: number, height: number, points: number): Grid {
  let [stepY, stepX, startY, startX] = [1, 1, 0, 0]
  if (width * height > points) {
    const side = Math.sqrt((width * height) / points)
    // A side shorter than a step has one row of centres, and the other shares them out.
    const across = (own: number, other: number): number => (own < side ? own : other < side ? own / points : side)
    const [exactY, exactX] = [across(height, width), across(width, height)]
    startY = Math.floor(exactY / 2)
    startX = Math.floor(exactX / 2)
    stepY = roundHalfToEven(exactY)
    stepX = roundHalfToEven(exactX)
  }
  const centres: Grid['centres'] = []
  for (let y = startY; y < height; y += stepY) {
    for (let x = startX; x < width; x += stepX) centres.push({ y, x })
  }
  return { stepY, stepX, centres }
}

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value)
  return rounded - value === 0.5 && rounded % 2 === 1 ? rounded - 1 : rounded
}

/** The centre nearest to each pixel [height, width], after at most `iterations` of k-means within windows of ±2 steps. */
function clusters(colours: Float64Array, width: number, height: number, grid: Grid, iterations: number): Int32Array {
  const count = grid.centres.length
  const centres = new Float64Array(count * FIELDS)
  grid.centres.forEach(({ y, x }, k) => {
    centres.set([y, x], k * FIELDS)
  })
  const perPixel = 1 / Math.max(grid.stepY, grid.stepX) ** 2
  // The peer measures its windows by the grid of as many points as there are centres now.
  const { stepY, stepX } = regularGrid(width, height, count)
  const nearest = new Int32Array(width * height)
  const distances = new Float64Array(width * height)
  for (let iteration = 0; iteration < iterations; iteration++) {
    distances.fill(Infinity)
    for (let k = 0; k < count; k++) {
      const [cy, cx, cl, ca, cb] = centres.subarray(k * FIELDS, (k + 1) * FIELDS) as unknown as Centre
      const yEnd = Math.trunc(Math.min(cy + 2 * stepY + 1, height))
      const xBegin = Math.trunc(Math.max(cx - 2 * stepX, 0))
      const xEnd = Math.trunc(Math.min(cx + 2 * stepX + 1, width))
      for (let y = Math.trunc(Math.max(cy - 2 * stepY, 0)); y < yEnd; y++) {
        for (let x = xBegin; x < xEnd; x++) {
          const p = y * width + x
          const dl = (colours[3 * p] as number) - cl
          const da = (colours[3 * p + 1] as number) - ca
          const db = (colours[3 * p + 2] as number) - cb
          const distance = ((cy - y) ** 2 + (cx - x) ** 2) * perPixel + (dl * dl + da * da + db * db)
          if (distance < (distances[p] as number)) {
            distances[p] = distance
            nearest[p] = k
          }
        }
      }
    }
    moveCentres(centres, nearest, colours, width)
  }
  return nearest
}

type Centre = [y: number, x: number, l: number, a: number, b: number]

/** Each centre to the mean of its pixels; one without pixels becomes NaN, and nothing is near it any more. */
function moveCentres(centres: Float64Array, nearest: Int32Array, colours: Float64Array, width: number): void {
  const sizes = new Float64Array(centres.length / FIELDS)
  centres.fill(0)
  for (let p = 0; p < nearest.length; p++) {
    const k = nearest[p] as number
    const c = k * FIELDS
    sizes[k] = (sizes[k] as number) + 1
    centres[c] = (centres[c] as number) + Math.floor(p / width)
    centres[c + 1] = (centres[c + 1] as number) + (p % width)
    for (let i = 0; i < 3; i++) centres[c + 2 + i] = (centres[c + 2 + i] as number) + (colours[3 * p + i] as number)
  }
  for (let i = 0; i < centres.length; i++) {
    centres[i] = (centres[i] as number) / (sizes[Math.floor(i / FIELDS)] as number)
  }
}

/** Connected pieces (by 4 neighbours) in row-major order; a piece under `least` pixels joins a neighbour found before it. */
function connected(clusters: Int32Array, width: number, height: number, least: number, most: number): Segments {
  const pieces = new Int32Array(width * height).fill(-1)
  const queue = new Int32Array(Math.max(most, 1))
  let next = 0
  for (let start = 0; start < pieces.length; start++) {
    if (pieces[start] !== -1) continue
    let adjacent = next
    let size = 1
    pieces[start] = next
    queue[0] = start
    for (let visited = 0; visited < size && size < most; visited++) {
      const p = queue[visited] as number
      const x = p % width
      const neighbours = [x + 1 < width ? p + 1 : -1, x > 0 ? p - 1 : -1, p + width, p - width]
      for (const q of neighbours) {
        if (q < 0 || q >= pieces.length) continue
        const piece = pieces[q] as number
        if (piece === -1 && clusters[q] === clusters[start]) {
          pieces[q] = next
          queue[size++] = q
          if (size >= most) break
        } else if (piece !== -1 && piece !== next) adjacent = piece
      }
    }
    if (size >= least) next++
    else for (let i = 0; i < size; i++) pieces[queue[i] as number] = adjacent
  }
  return segmentsOf(width, height, pieces)
}
