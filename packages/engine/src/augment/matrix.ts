/** Projective maps of the plane: 3 × 3 matrices by rows, of column vectors (x, y, 1), up to a factor. */
export type Matrix = readonly [number, number, number, number, number, number, number, number, number]

export const identity: Matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1]

export const translation = (x: number, y: number): Matrix => [1, 0, x, 0, 1, y, 0, 0, 1]

/** The map that applies the last matrix first. */
export const product = (...matrices: readonly Matrix[]): Matrix => matrices.reduce(times)

function times(a: Matrix, b: Matrix): Matrix {
  const row = (x: number, y: number, z: number): [number, number, number] => [
    x * b[0] + y * b[3] + z * b[6],
    x * b[1] + y * b[4] + z * b[7],
    x * b[2] + y * b[5] + z * b[8],
  ]
  return [...row(a[0], a[1], a[2]), ...row(a[3], a[4], a[5]), ...row(a[6], a[7], a[8])]
}

/** The map back, scaled so that its last entry is 1. */
export function inverse([a, b, c, d, e, f, g, h, i]: Matrix): Matrix {
  const last = a * e - b * d
  return [
    (e * i - f * h) / last,
    (c * h - b * i) / last,
    (b * f - c * e) / last,
    (f * g - d * i) / last,
    (a * i - c * g) / last,
    (c * d - a * f) / last,
    (d * h - e * g) / last,
    (b * g - a * h) / last,
    1,
  ]
}

/** Where a map takes a point. */
export function apply(m: Matrix, x: number, y: number): [x: number, y: number] {
  const w = m[6] * x + m[7] * y + m[8]
  return [(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w]
}
