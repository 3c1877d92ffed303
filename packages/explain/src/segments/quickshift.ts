import { ExplainInputError } from '../errors.ts'
import { checkPixels, type Pixels } from '../pixels.ts'
import { normals, Purpose } from '../random.ts'
import { labOf } from './lab.ts'
import { type Segments, segmentsOf } from './segments.ts'

export interface QuickshiftOptions {
  /** Width σ of the density's Gaussian in pixels; the window is ±⌈3σ⌉. LIME takes 4. */
  kernelSize?: number
  /** A pixel whose nearest denser one is farther away (in pixels and scaled Lab) is a root. LIME takes 200. */
  maxDistance?: number
  /** What a unit of Lab counts in pixels. LIME takes 0.2. */
  ratio?: number
  /** Of the noise that breaks ties between equally dense pixels. */
  seed?: number
  /** Standard deviation of that noise, where a density is at least 1. */
  noise?: number
}

/**
 * Quickshift superpixels (Vedaldi and Soatto, "Quick shift and kernel methods for mode seeking", ECCV 2008) as scikit-image
 * computes them: every pixel points to the nearest denser one within its window, and the trees are the segments. Defaults
 * are LIME's.
 */
export function quickshift(image: Pixels, options: QuickshiftOptions = {}): Segments {
  const { kernelSize = 4, maxDistance = 200, ratio = 0.2, seed = 0, noise = 1e-5 } = options
  if (!(kernelSize >= 1)) throw new ExplainInputError(`kernelSize is ${kernelSize}: it must be at least 1`)
  checkPixels(image)
  const { width, height } = image
  const colours = labOf(image)
  for (let i = 0; i < colours.length; i++) colours[i] = (colours[i] as number) * ratio
  const reach = Math.ceil(3 * kernelSize)
  const density = densities(colours, width, height, reach, kernelSize)
  for (let p = 0; p < density.length; p++) {
    density[p] = (density[p] as number) + noise * normals(seed, Purpose.tieBreak, p, 0)[0]
  }
  const parents = nearestDenser(colours, density, width, height, reach, maxDistance ** 2)
  return segmentsOf(width, height, roots(parents))
}

/** Σ exp(−distance² / 2σ²) over each pixel's window; a pair of pixels is worked out once and counts for both. */
function densities(colours: Float64Array, width: number, height: number, reach: number, sigma: number): Float64Array {
  const density = new Float64Array(width * height).fill(1)
  const scale = -0.5 / (sigma * sigma)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const p = y * width + x
      const [l, a, b] = [colours[3 * p] as number, colours[3 * p + 1] as number, colours[3 * p + 2] as number]
      let own = 0
      for (let dy = 0; dy <= reach && y + dy < height; dy++) {
        const last = Math.min(reach, width - 1 - x)
        for (let dx = dy === 0 ? 1 : -Math.min(reach, x); dx <= last; dx++) {
          const q = p + dy * width + dx
          const dl = l - (colours[3 * q] as number)
          const da = a - (colours[3 * q + 1] as number)
          const db = b - (colours[3 * q + 2] as number)
          const near = Math.exp((dl * dl + da * da + db * db + dy * dy + dx * dx) * scale)
          own += near
          density[q] = (density[q] as number) + near
        }
      }
      density[p] = (density[p] as number) + own
    }
  }
  return density
}

/**
 * The nearest strictly denser pixel of each window (of equals the first in row-major order), or the pixel itself. Offsets
 * are walked outwards: once they alone are farther than the best, nothing nearer can follow.
 */
function nearestDenser(
  colours: Float64Array,
  density: Float64Array,
  width: number,
  height: number,
  reach: number,
  farthest: number,
): Int32Array {
  const offsets: { dy: number; dx: number; square: number }[] = []
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) offsets.push({ dy, dx, square: dy * dy + dx * dx })
  }
  offsets.sort((a, b) => a.square - b.square)
  const parents = new Int32Array(width * height)
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      let [parent, closest] = [p, Infinity]
      for (const { dy, dx, square } of offsets) {
        if (square > closest) break
        if (y + dy < 0 || y + dy >= height || x + dx < 0 || x + dx >= width) continue
        const q = p + dy * width + dx
        if (!((density[q] as number) > (density[p] as number))) continue
        const dl = (colours[3 * p] as number) - (colours[3 * q] as number)
        const da = (colours[3 * p + 1] as number) - (colours[3 * q + 1] as number)
        const db = (colours[3 * p + 2] as number) - (colours[3 * q + 2] as number)
        const distance = dl * dl + da * da + db * db + square
        if (distance < closest || (distance === closest && q < parent)) {
          closest = distance
          parent = q
        }
      }
      parents[p] = closest > farthest ? p : parent
    }
  }
  return parents
}

/** The root of every pixel's tree; paths are shortened on the way. */
function roots(parents: Int32Array): Int32Array {
  for (let p = 0; p < parents.length; p++) {
    let root = p
    while (parents[root] !== root) root = parents[root] as number
    for (let q = p; q !== root; ) {
      const next = parents[q] as number
      parents[q] = root
      q = next
    }
  }
  return parents
}
