import { checkCount, ExplainInputError } from '../errors.ts'
import { checkPixels, type Pixels } from '../pixels.ts'
import { gaussian } from './gaussian.ts'
import { labOf } from './lab.ts'
import { type Segments, segmentsOf } from './segments.ts'

export interface FelzenszwalbOptions {
  /** Larger makes larger segments. */
  scale?: number
  /** Standard deviation in pixels of the blur before. */
  sigma?: number
  /** Segments under so many pixels are merged. */
  minSize?: number
}

/**
 * Felzenszwalb and Huttenlocher's segments ("Efficient graph-based image segmentation", IJCV 2004) as scikit-image computes
 * them: a minimum spanning forest over 8 neighbours. Distances are of Lab / 100, whose range is about that of RGB in
 * [0, 1], so that `scale` has its usual size.
 */
export function felzenszwalb(image: Pixels, options: FelzenszwalbOptions = {}): Segments {
  const { scale = 1, sigma = 0.8, minSize = 20 } = options
  checkPixels(image)
  checkCount(minSize, 0, 'minSize')
  if (!(scale > 0)) throw new ExplainInputError(`scale is ${scale}: it must be greater than 0`)
  const { width, height } = image
  const lab = labOf(image)
  for (let i = 0; i < lab.length; i++) lab[i] = (lab[i] as number) / 100
  const { from, to, cost } = edges(gaussian(lab, width, height, 3, sigma), width, height)
  const order = new Uint32Array(cost.length).map((_, i) => i).sort((a, b) => (cost[a] as number) - (cost[b] as number))

  const forest = new Forest(width * height)
  // Greatest cost within a segment. Thresholds are compared in f32, as in the peer.
  const inner = new Float64Array(width * height)
  for (const e of order) {
    const [a, b] = [forest.root(from[e] as number), forest.root(to[e] as number)]
    if (a === b) continue
    const threshold = (s: number): number =>
      Math.fround((inner[s] as number) + scale / 255 / (forest.size[s] as number))
    if ((cost[e] as number) < Math.min(threshold(a), threshold(b))) inner[forest.join(a, b)] = cost[e] as number
  }
  for (const e of order) {
    const [a, b] = [forest.root(from[e] as number), forest.root(to[e] as number)]
    if (a !== b && Math.min(forest.size[a] as number, forest.size[b] as number) < minSize) forest.join(a, b)
  }
  return segmentsOf(
    width,
    height,
    Int32Array.from({ length: width * height }, (_, p) => forest.root(p)),
  )
}

/** Edges between neighbours and how far apart their colours are: right, down, down-right, up-right. */
function edges(colours: Float64Array, width: number, height: number): { from: number[]; to: number[]; cost: number[] } {
  const [from, to, cost]: [number[], number[], number[]] = [[], [], []]
  const add = (p: number, q: number): void => {
    let sum = 0
    for (let c = 0; c < 3; c++) sum += ((colours[3 * p + c] as number) - (colours[3 * q + c] as number)) ** 2
    from.push(p)
    to.push(q)
    cost.push(Math.sqrt(sum))
  }
  const walk = (rows: number, columns: number, p: (y: number, x: number) => number, offset: number): void => {
    for (let y = 0; y < rows; y++) for (let x = 0; x < columns; x++) add(p(y, x) + offset, p(y, x))
  }
  const at = (y: number, x: number): number => y * width + x
  walk(height, width - 1, at, 1)
  walk(height - 1, width, at, width)
  walk(height - 1, width - 1, at, width + 1)
  walk(height - 1, width - 1, (y, x) => at(y, x + 1), width - 1)
  return { from, to, cost }
}

/** Union–find whose roots are the least of their pixels. */
class Forest {
  readonly size: Int32Array
  readonly #parents: Int32Array

  constructor(count: number) {
    this.size = new Int32Array(count).fill(1)
    this.#parents = Int32Array.from({ length: count }, (_, p) => p)
  }

  root(p: number): number {
    const parents = this.#parents
    let root = p
    while (parents[root] !== root) root = parents[root] as number
    for (let q = p; q !== root; ) {
      const next = parents[q] as number
      parents[q] = root
      q = next
    }
    return root
  }

  /** Joins two roots; returns that of both. */
  join(a: number, b: number): number {
    const [root, child] = a < b ? [a, b] : [b, a]
    this.#parents[child] = root
    this.size[root] = (this.size[root] as number) + (this.size[child] as number)
    return root
  }
}
