/** Pooling in f64 over NHWC feature maps. Of equal maxima the first in scan order wins, as in PyTorch. */

export interface FeatureMap {
  n: number
  h: number
  w: number
  c: number
}

export interface Maxima {
  y: Float64Array
  /** Index into x of each maximum. */
  winner: Uint32Array
}

/** Output of the 3 × 3 max pool with stride 2 and padding 1. */
export const maxPoolSize = ({ h, w }: Pick<FeatureMap, 'h' | 'w'>): { oh: number; ow: number } => ({
  oh: Math.floor((h - 1) / 2) + 1,
  ow: Math.floor((w - 1) / 2) + 1,
})

/** The stem's max pool: windows of 3 × 3, stride 2, padding 1 (padding never wins). x [n, h, w, c] → y [n, oh, ow, c]. */
export function maxPool(m: FeatureMap, x: Float64Array): Maxima {
  const { oh, ow } = maxPoolSize(m)
  const y = new Float64Array(m.n * oh * ow * m.c).fill(Number.NEGATIVE_INFINITY)
  const winner = new Uint32Array(y.length)
  for (let i = 0; i < y.length; i++) {
    const c = i % m.c
    const ox = Math.floor(i / m.c) % ow
    const oy = Math.floor(i / (m.c * ow)) % oh
    const n = Math.floor(i / (m.c * ow * oh))
    for (let iy = Math.max(2 * oy - 1, 0); iy <= Math.min(2 * oy + 1, m.h - 1); iy++) {
      for (let ix = Math.max(2 * ox - 1, 0); ix <= Math.min(2 * ox + 1, m.w - 1); ix++) {
        const at = ((n * m.h + iy) * m.w + ix) * m.c + c
        if (x[at]! > y[i]!) {
          y[i] = x[at]!
          winner[i] = at
        }
      }
    }
  }
  return { y, winner }
}

/** Maximum of each whole feature map. x [n, h, w, c] → y [n, c]. */
export function globalMaxPool(m: FeatureMap, x: Float64Array): Maxima {
  const y = new Float64Array(m.n * m.c).fill(Number.NEGATIVE_INFINITY)
  const winner = new Uint32Array(y.length)
  for (let at = 0; at < x.length; at++) {
    const i = Math.floor(at / (m.h * m.w * m.c)) * m.c + (at % m.c)
    if (x[at]! > y[i]!) {
      y[i] = x[at]!
      winner[i] = at
    }
  }
  return { y, winner }
}

/** dx of either max pool: each dy goes to the pixel that won its window. */
export function maxPoolGradient(m: FeatureMap, winner: Uint32Array, dy: Float64Array): Float64Array {
  const dx = new Float64Array(m.n * m.h * m.w * m.c)
  for (let i = 0; i < dy.length; i++) dx[winner[i]!]! += dy[i]!
  return dx
}

/** Mean of each feature map. x [n, h, w, c] → y [n, c]. */
export function globalAvgPool(m: FeatureMap, x: Float64Array): Float64Array {
  const y = new Float64Array(m.n * m.c)
  for (let at = 0; at < x.length; at++)
    y[Math.floor(at / (m.h * m.w * m.c)) * m.c + (at % m.c)]! += x[at]! / (m.h * m.w)
  return y
}

/** dx [n, h, w, c] of dy [n, c]. */
export function globalAvgPoolGradient(m: FeatureMap, dy: Float64Array): Float64Array {
  const dx = new Float64Array(m.n * m.h * m.w * m.c)
  return dx.map((_, at) => dy[Math.floor(at / (m.h * m.w * m.c)) * m.c + (at % m.c)]! / (m.h * m.w))
}
