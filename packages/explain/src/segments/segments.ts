import { ExplainInputError } from '../errors.ts'

/**
 * A picture cut into `count` parts: labels [height, width], row-major, each from 0 to count − 1 and every one in use.
 * (The original takes whatever a segmenter returns for labels from 0; those of SLIC began at 1, and one feature was dead.)
 */
export interface Segments {
  readonly width: number
  readonly height: number
  readonly count: number
  readonly labels: Int32Array
}

/** Segments of any integer labels [height, width], renumbered from 0 in the order of the labels. */
export function segmentsOf(width: number, height: number, labels: ArrayLike<number>): Segments {
  if (labels.length !== width * height) {
    throw new ExplainInputError(
      `${labels.length} labels: a picture of ${width} × ${height} has ${width * height} pixels`,
    )
  }
  const inUse = [...new Set(Array.from(labels))].sort((a, b) => a - b)
  const renumbered = new Map(inUse.map((label, i) => [label, i]))
  return {
    width,
    height,
    count: inUse.length,
    labels: Int32Array.from(labels, (label) => renumbered.get(label) as number),
  }
}

/** A regular grid of cells of `cell` pixels, cut off at the right and at the bottom. */
export function gridSegments(width: number, height: number, cell: number): Segments {
  const columns = Math.ceil(width / cell)
  const labels = new Int32Array(width * height)
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) labels[p] = Math.floor(y / cell) * columns + Math.floor(x / cell)
  }
  return { width, height, count: columns * Math.ceil(height / cell), labels }
}

/** How many pixels each segment has. */
export function segmentSizes(segments: Segments): Int32Array {
  const sizes = new Int32Array(segments.count)
  for (const label of segments.labels) sizes[label] = (sizes[label] as number) + 1
  return sizes
}

/** Every pixel's [height, width] share of what its segment has: weights to a map of pixels. */
export function perPixel(segments: Segments, weights: ArrayLike<number>): Float64Array {
  if (weights.length !== segments.count) {
    throw new ExplainInputError(`${weights.length} weights: there are ${segments.count} segments`)
  }
  return Float64Array.from(segments.labels, (label) => weights[label] as number)
}

/** Segments as run lengths in row-major order, [label, length, label, length, …]: what crosses a wire. */
export function encodeRuns(segments: Segments): number[] {
  const runs: number[] = []
  for (const label of segments.labels) {
    if (runs.at(-2) === label) runs[runs.length - 1] = (runs.at(-1) as number) + 1
    else runs.push(label, 1)
  }
  return runs
}

/** The segments of such run lengths. */
export function decodeRuns(width: number, height: number, runs: readonly number[]): Segments {
  const labels: number[] = []
  for (let i = 0; i < runs.length; i += 2) {
    for (let n = runs[i + 1] as number; n > 0; n--) labels.push(runs[i] as number)
  }
  return segmentsOf(width, height, labels)
}

/**
 * Adjusted Rand index of two partitions of the same pixels (Hubert and Arabie, 1985): 1 for the same one whatever the
 * labels' numbers are, 0 on average for unrelated ones.
 */
export function adjustedRand(a: Segments, b: Segments): number {
  if (a.labels.length !== b.labels.length) {
    throw new ExplainInputError(
      `${a.labels.length} and ${b.labels.length} pixels: segmentations of one picture are compared`,
    )
  }
  const joint = new Map<number, number>()
  for (let p = 0; p < a.labels.length; p++) {
    const key = (a.labels[p] as number) * b.count + (b.labels[p] as number)
    joint.set(key, (joint.get(key) ?? 0) + 1)
  }
  const pairs = (counts: Iterable<number>): number => {
    let sum = 0
    for (const n of counts) sum += (n * (n - 1)) / 2
    return sum
  }
  const both = pairs(joint.values())
  const [inA, inB] = [pairs(segmentSizes(a)), pairs(segmentSizes(b))]
  const expected = (inA * inB) / pairs([a.labels.length])
  const most = (inA + inB) / 2
  return most === expected ? 1 : (both - expected) / (most - expected)
}
