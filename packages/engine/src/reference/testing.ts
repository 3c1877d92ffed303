/** What tests of references and kernels share. */
import { noise } from './formula-weights.ts'

/** Σ a·b. */
export const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i]!, 0)

/** Greatest |a − b|, over the greatest |b|. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new RangeError(`relativeError: ${a.length} values against ${b.length}`)
  let difference = 0
  let most = 0
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!))
    most = Math.max(most, Math.abs(b[i]!))
    if (Number.isNaN(a[i]!)) return Number.NaN
  }
  return difference === 0 ? 0 : difference / most
}

/**
 * How far `dx` is from the gradient of x ↦ ⟨f(x), dy⟩ by central differences, relative to the greatest difference. In f64 with
 * a step of 1e-5 a right gradient of smooth f comes within about 1e-8.
 */
export function gradientError(
  f: (x: Float64Array) => Float64Array,
  x: Float64Array,
  dy: Float64Array,
  dx: Float64Array,
): number {
  const step = 1e-5
  const moved = (i: number, by: number): number => dot(f(x.map((v, j) => (j === i ? v + by : v))), dy)
  return relativeError(
    dx,
    x.map((_, i) => (moved(i, step) - moved(i, -step)) / (2 * step)),
  )
}

/** Numbers in (−1, 1), none closer than a tenth to 0, so that no step of a gradient check crosses a kink. */
export const awayFromZero = (name: string, count: number): Float64Array =>
  noise(name, count).map((u) => (u < 0 ? -0.1 : 0.1) + 0.9 * u)
