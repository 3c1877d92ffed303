/**
 * Winograd's F(2 × 2, 3 × 3) in f64 by plain loops, over tiles of 2 × 2 outputs:
 *   y = Aᵀ [Σ_ci (Bᵀ x B) ⊙ (G w Gᵀ)] A      dw = Gᵀ [Σ_tile (Bᵀ x B) ⊙ (A dy Aᵀ)] G
 * It computes what reference/conv2d.ts does. With `magnitudes`, of all inputs and coefficients, it computes the sum of the
 * magnitudes of whatever is added up on the way to a result: what a bound on the rounding error is made of.
 *
 * Layout: x, y NHWC; w HWIO with 3 × 3 taps; stride 1.
 */
import { type Convolution, outputSize } from './conv2d.ts'

type Matrix = readonly (readonly number[])[]

const bT: Matrix = [
  [1, 0, -1, 0],
  [0, 1, 1, 0],
  [0, -1, 1, 0],
  [0, 1, 0, -1],
]
const g: Matrix = [
  [1, 0, 0],
  [1 / 2, 1 / 2, 1 / 2],
  [1 / 2, -1 / 2, 1 / 2],
  [0, 0, 1],
]
const aT: Matrix = [
  [1, 1, 1, 0],
  [0, 1, -1, -1],
]

const transpose = (m: Matrix): Matrix => m[0]!.map((_, j) => m.map((row) => row[j]!))
const product = (a: Matrix, b: Matrix): Matrix =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, v, k) => sum + v * b[k]![j]!, 0)))

/** t · m · tᵀ. */
const sandwich = (t: Matrix, m: Matrix): Matrix => product(product(t, m), transpose(t))

const grid = (rows: number, columns: number, value: (y: number, x: number) => number): Matrix =>
  Array.from({ length: rows }, (_, y) => Array.from({ length: columns }, (_, x) => value(y, x)))

interface Options {
  magnitudes: boolean
}

/** y [n, oh, ow, co] of x [n, h, w, ci] and w [3, 3, ci, co]. */
export function winograd(c: Convolution, x: Float64Array, w: Float64Array, { magnitudes }: Options): Float64Array {
  const of = (m: Matrix): Matrix => (magnitudes ? m.map((row) => row.map(Math.abs)) : m)
  const { oh, ow } = outputSize(c)
  const y = new Float64Array(c.n * oh * ow * c.co)
  for (let co = 0; co < c.co; co++) {
    for (let ci = 0; ci < c.ci; ci++) {
      const u = sandwich(of(g), of(grid(3, 3, (ky, kx) => w[((ky * 3 + kx) * c.ci + ci) * c.co + co]!)))
      forEachTile(c, (n, top, left) => {
        const v = sandwich(of(bT), of(patch(c, x, n, top, left, ci)))
        const r = sandwich(
          of(aT),
          grid(4, 4, (i, j) => u[i]![j]! * v[i]![j]!),
        )
        forEachOutput(c, top, left, (i, j) => {
          y[((n * oh + top + i) * ow + left + j) * c.co + co]! += r[i]![j]!
        })
      })
    }
  }
  return y
}

/** dw [3, 3, ci, co] of x and dy [n, oh, ow, co]. */
export function winogradFilterGradient(
  c: Convolution,
  x: Float64Array,
  dy: Float64Array,
  { magnitudes }: Options,
): Float64Array {
  const of = (m: Matrix): Matrix => (magnitudes ? m.map((row) => row.map(Math.abs)) : m)
  const { oh, ow } = outputSize(c)
  const dw = new Float64Array(9 * c.ci * c.co)
  for (let co = 0; co < c.co; co++) {
    for (let ci = 0; ci < c.ci; ci++) {
      forEachTile(c, (n, top, left) => {
        const tile = [
          [0, 0],
          [0, 0],
        ]
        forEachOutput(c, top, left, (i, j) => {
          tile[i]![j] = dy[((n * oh + top + i) * ow + left + j) * c.co + co]!
        })
        const v = sandwich(of(bT), of(patch(c, x, n, top, left, ci)))
        const dm = sandwich(transpose(of(aT)), of(tile))
        const r = sandwich(
          transpose(of(g)),
          grid(4, 4, (i, j) => v[i]![j]! * dm[i]![j]!),
        )
        for (let tap = 0; tap < 9; tap++) dw[(tap * c.ci + ci) * c.co + co]! += r[Math.floor(tap / 3)]![tap % 3]!
      })
    }
  }
  return dw
}

/** The 4 × 4 pixels that a tile reads, zeros outside the image. */
function patch(c: Convolution, x: Float64Array, n: number, top: number, left: number, ci: number): Matrix {
  return grid(4, 4, (i, j) => {
    const [iy, ix] = [top - c.padding + i, left - c.padding + j]
    return iy >= 0 && iy < c.h && ix >= 0 && ix < c.w ? x[((n * c.h + iy) * c.w + ix) * c.ci + ci]! : 0
  })
}

function forEachTile(c: Convolution, visit: (n: number, top: number, left: number) => void): void {
  const { oh, ow } = outputSize(c)
  for (let n = 0; n < c.n; n++) {
    for (let top = 0; top < oh; top += 2) for (let left = 0; left < ow; left += 2) visit(n, top, left)
  }
}

/** The outputs of a tile that lie inside. */
function forEachOutput(c: Convolution, top: number, left: number, visit: (i: 0 | 1, j: 0 | 1) => void): void {
  const { oh, ow } = outputSize(c)
  for (const i of [0, 1] as const) {
    for (const j of [0, 1] as const) if (top + i < oh && left + j < ow) visit(i, j)
  }
}
