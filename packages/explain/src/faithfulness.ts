import { classified, type MaskedClassifier, sceneOf } from './classifier.ts'
import { checkCount, checkLabel, ExplainInputError } from './errors.ts'
import { emptyMasks, show } from './masks.ts'
import { meanColour } from './occlusion.ts'
import { blank, copy, type Pixels } from './pixels.ts'
import { normals, Purpose } from './random.ts'
import { gaussian } from './segments/gaussian.ts'
import { type Segments, segmentsOf } from './segments/segments.ts'

export interface FaithfulnessOptions {
  /** Into how many equal steps the pixels are parted. */
  steps?: number
  /** What stands where a pixel is gone: the picture blurred (σ an eighth of its shorter side), or its mean colour. */
  baseline?: 'blur' | 'mean'
}

export interface FaithfulnessCurve {
  /** The class's probability after 0 … steps parts of the pixels, the most important first. */
  probabilities: Float64Array
  /** Area under it, over shares of pixels from 0 to 1. */
  auc: number
}

/**
 * Deletion and insertion (Petsiuk, Das and Saenko, "RISE", BMVC 2018): the pixels that a map holds for most important are
 * taken from the picture, or put into an empty one, first. A faithful map deletes fast (a low area) and inserts fast (a high one).
 */
export async function faithfulness(
  classifier: MaskedClassifier,
  image: Pixels,
  label: number,
  map: Float64Array,
  options: FaithfulnessOptions = {},
): Promise<{ deletion: FaithfulnessCurve; insertion: FaithfulnessCurve }> {
  const { steps = 50, baseline = 'blur' } = options
  checkCount(steps, 1, 'steps')
  checkLabel(label, classifier.classes)
  const parts = partsByImportance(map, image, steps)
  const hidden = baseline === 'blur' ? blurred(image) : blank(image.width, image.height, meanColour(image))
  const scene = sceneOf(image, parts, hidden)
  // Sample i keeps all but the first i parts, sample steps + 1 + i has the first i parts alone.
  const masks = emptyMasks(2 * (parts.count + 1), parts.count)
  for (let gone = 0; gone <= parts.count; gone++) {
    for (let part = 0; part < parts.count; part++) {
      show(masks, part >= gone ? gone : parts.count + 1 + gone, part)
    }
  }
  const rows = await classified(classifier, scene, masks)
  const curve = (begin: number): FaithfulnessCurve => {
    const probabilities = Float64Array.from(
      { length: parts.count + 1 },
      (_, i) => rows[(begin + i) * classifier.classes + label] as number,
    )
    let area = 0
    for (let i = 0; i < parts.count; i++) area += ((probabilities[i] as number) + (probabilities[i + 1] as number)) / 2
    return { probabilities, auc: area / parts.count }
  }
  return { deletion: curve(0), insertion: curve(parts.count + 1) }
}

/** Pixels by importance, most first (of equals the first), as at most `steps` segments of nearly equal size. */
function partsByImportance(map: Float64Array, image: Pixels, steps: number): Segments {
  const labels = new Int32Array(map.length)
  byImportance(map, image).forEach((pixel, i) => {
    labels[pixel] = Math.floor((i * steps) / map.length)
  })
  return segmentsOf(image.width, image.height, labels)
}

function byImportance(map: Float64Array, image: Pixels): Uint32Array {
  const pixels = image.width * image.height
  if (map.length !== pixels)
    throw new ExplainInputError(`The map has ${map.length} values: the picture has ${pixels} pixels`)
  return new Uint32Array(pixels).map((_, p) => p).sort((a, b) => (map[b] as number) - (map[a] as number) || a - b)
}

function blurred(image: Pixels): Pixels {
  const sigma = Math.min(image.width, image.height) / 8
  const values = gaussian(Float64Array.from(image.data), image.width, image.height, 4, sigma)
  return { width: image.width, height: image.height, data: Uint8ClampedArray.from(values) }
}

export interface RoadOptions {
  /** Shares of pixels that are removed. */
  shares?: readonly number[]
  /** Standard deviation of the noise on what is filled in, where white is 1. */
  noise?: number
  seed?: number
}

/**
 * ROAD (Rong et al., "A consistent and efficient evaluation strategy for attribution methods", ICML 2022): the most and
 * the least important pixels are removed and filled in from their neighbours, so that their outline gives nothing away.
 * The score is the mean over shares of half the difference, p(least removed) − p(most removed): higher is more faithful.
 */
export async function road(
  classifier: MaskedClassifier,
  image: Pixels,
  label: number,
  map: Float64Array,
  options: RoadOptions = {},
): Promise<{ score: number; most: Float64Array; least: Float64Array }> {
  const { shares = [0.2, 0.4, 0.6, 0.8], noise = 0.01, seed = 0 } = options
  checkLabel(label, classifier.classes)
  for (const share of shares) {
    if (!(share > 0 && share < 1)) throw new ExplainInputError(`shares has ${share}: each lies between 0 and 1`)
  }
  const order = byImportance(map, image)
  const whole = segmentsOf(image.width, image.height, new Int32Array(order.length))
  // The filled-in picture as what is hidden behind a single segment, which is hidden.
  const probability = async (removed: Uint32Array): Promise<number> => {
    const scene = sceneOf(image, whole, imputed(image, removed, noise, seed))
    return (await classified(classifier, scene, emptyMasks(1, 1)))[label] as number
  }
  const most = new Float64Array(shares.length)
  const least = new Float64Array(shares.length)
  for (const [i, share] of shares.entries()) {
    const count = Math.round(share * order.length)
    most[i] = await probability(order.subarray(0, count))
    least[i] = await probability(order.subarray(order.length - count))
  }
  const score = most.reduce((total, p, i) => total + ((least[i] as number) - p) / 2, 0) / shares.length
  return { score, most, least }
}

/** Neighbours and what they count: twice as much beside as across. */
const NEIGHBOURS = [-1, 0, 1].flatMap((dy) =>
  [-1, 0, 1].filter((dx) => dy !== 0 || dx !== 0).map((dx) => ({ dy, dx, weight: dy === 0 || dx === 0 ? 2 : 1 })),
)
/** A round of Gauss–Seidel that moves no value further, of 255, ends. */
const SETTLED = 0.05
const ROUNDS = 500

/** The picture whose removed pixels are the weighted means of their neighbours, removed ones among them, and noise. */
export function imputed(image: Pixels, removed: Uint32Array, noise: number, seed: number): Pixels {
  const { width, height } = image
  const values = Float64Array.from(image.data)
  const gone = new Uint8Array(width * height)
  for (const p of removed) gone[p] = 1
  const known = knownMean(values, gone)
  for (const p of removed) values.set(known, 4 * p)
  const inOrder = Uint32Array.from(removed).sort()
  for (let round = 0; round < ROUNDS; round++) {
    let moved = 0
    for (const p of inOrder) {
      const [y, x] = [Math.floor(p / width), p % width]
      const sums = [0, 0, 0]
      let weights = 0
      for (const { dy, dx, weight } of NEIGHBOURS) {
        if (y + dy < 0 || y + dy >= height || x + dx < 0 || x + dx >= width) continue
        weights += weight
        const q = 4 * (p + dy * width + dx)
        for (let c = 0; c < 3; c++) sums[c] = (sums[c] as number) + weight * (values[q + c] as number)
      }
      for (let c = 0; c < 3; c++) {
        const value = (sums[c] as number) / weights
        moved = Math.max(moved, Math.abs(value - (values[4 * p + c] as number)))
        values[4 * p + c] = value
      }
    }
    if (moved < SETTLED) break
  }
  const picture = copy(image)
  for (const p of removed) {
    const [a, b] = normals(seed, Purpose.imputation, p, 0)
    const [c] = normals(seed, Purpose.imputation, p, 1)
    ;[a, b, c].forEach((n, channel) => {
      picture.data[4 * p + channel] = (values[4 * p + channel] as number) + 255 * noise * n
    })
  }
  return picture
}

/** The mean colour of what is left, from which filling in begins. */
function knownMean(values: Float64Array, gone: Uint8Array): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0]
  let count = 0
  gone.forEach((isGone, p) => {
    if (isGone === 1) return
    count++
    for (const c of [0, 1, 2] as const) sums[c] += values[4 * p + c] as number
  })
  return count === 0 ? [0, 0, 0] : [sums[0] / count, sums[1] / count, sums[2] / count]
}
