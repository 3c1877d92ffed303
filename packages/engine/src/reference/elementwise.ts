/** Elementwise functions in f64. */

export const relu = (x: Float64Array): Float64Array => x.map((v) => Math.max(v, 0))

/** dx = dy where x > 0, else 0 (0 at x = 0, as PyTorch). */
export const reluGradient = (x: Float64Array, dy: Float64Array): Float64Array => dy.map((g, i) => (x[i]! > 0 ? g : 0))

export const add = (a: Float64Array, b: Float64Array): Float64Array => a.map((v, i) => v + b[i]!)
