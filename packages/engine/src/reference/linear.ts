/** Fully connected layer in f64:  y[n, o] = Σ_i x[n, i] · w[i, o] + b[o].  w is [in, out], the transpose of PyTorch's. */

export interface Linear {
  n: number
  inputs: number
  outputs: number
}

/** y [n, outputs]; without b there is no bias. */
export function linear(l: Linear, x: Float64Array, w: Float64Array, b?: Float64Array): Float64Array {
  const y = new Float64Array(l.n * l.outputs)
  for (let n = 0; n < l.n; n++) {
    for (let o = 0; o < l.outputs; o++) {
      let sum = b ? b[o]! : 0
      for (let i = 0; i < l.inputs; i++) sum += x[n * l.inputs + i]! * w[i * l.outputs + o]!
      y[n * l.outputs + o] = sum
    }
  }
  return y
}

/** Gradients with respect to x, w and b. */
export function linearGradient(
  l: Linear,
  x: Float64Array,
  w: Float64Array,
  dy: Float64Array,
): { dx: Float64Array; dw: Float64Array; db: Float64Array } {
  const dx = new Float64Array(l.n * l.inputs)
  const dw = new Float64Array(l.inputs * l.outputs)
  const db = new Float64Array(l.outputs)
  for (let n = 0; n < l.n; n++) {
    for (let o = 0; o < l.outputs; o++) {
      const g = dy[n * l.outputs + o]!
      db[o]! += g
      for (let i = 0; i < l.inputs; i++) {
        dx[n * l.inputs + i]! += g * w[i * l.outputs + o]!
        dw[i * l.outputs + o]! += g * x[n * l.inputs + i]!
      }
    }
  }
  return { dx, dw, db }
}
