/**
 * Convolution in f64 by plain loops:  y[n, oy, ox, co] = Σ_{ky, kx, ci} x[n, oy·s − p + ky, ox·s − p + kx, ci] · w[ky, kx, ci, co]
 *
 * Layout: x, y NHWC; w HWIO. Pixels outside the image are zero.
 */

export interface Convolution {
  n: number
  h: number
  w: number
  ci: number
  co: number
  kh: number
  kw: number
  stride: number
  /** On each of the four sides. */
  padding: number
}

export const outputSize = (c: Convolution): { oh: number; ow: number } => ({
  oh: Math.floor((c.h + 2 * c.padding - c.kh) / c.stride) + 1,
  ow: Math.floor((c.w + 2 * c.padding - c.kw) / c.stride) + 1,
})

/** y [n, oh, ow, co] of x [n, h, w, ci] and filter w [kh, kw, ci, co]. */
export function conv2d(c: Convolution, x: Float64Array, w: Float64Array): Float64Array {
  const { oh, ow } = outputSize(c)
  const y = new Float64Array(c.n * oh * ow * c.co)
  forEachTap(c, (xAt, wAt, yAt) => {
    for (let ci = 0; ci < c.ci; ci++) {
      const value = x[xAt + ci]!
      const row = wAt + ci * c.co
      for (let co = 0; co < c.co; co++) y[yAt + co]! += value * w[row + co]!
    }
  })
  return y
}

/** dx [n, h, w, ci] of dy [n, oh, ow, co] and filter w. */
export function conv2dInputGradient(c: Convolution, dy: Float64Array, w: Float64Array): Float64Array {
  const dx = new Float64Array(c.n * c.h * c.w * c.ci)
  forEachTap(c, (xAt, wAt, yAt) => {
    for (let ci = 0; ci < c.ci; ci++) {
      const row = wAt + ci * c.co
      let sum = 0
      for (let co = 0; co < c.co; co++) sum += dy[yAt + co]! * w[row + co]!
      dx[xAt + ci]! += sum
    }
  })
  return dx
}

/** dw [kh, kw, ci, co] of x and dy. */
export function conv2dFilterGradient(c: Convolution, x: Float64Array, dy: Float64Array): Float64Array {
  const dw = new Float64Array(c.kh * c.kw * c.ci * c.co)
  forEachTap(c, (xAt, wAt, yAt) => {
    for (let ci = 0; ci < c.ci; ci++) {
      const value = x[xAt + ci]!
      const row = wAt + ci * c.co
      for (let co = 0; co < c.co; co++) dw[row + co]! += value * dy[yAt + co]!
    }
  })
  return dw
}

/** Every pair of an output pixel and a filter tap that falls inside the image, as offsets of their channel 0. */
function forEachTap(c: Convolution, visit: (xAt: number, wAt: number, yAt: number) => void): void {
  const { oh, ow } = outputSize(c)
  for (let n = 0; n < c.n; n++) {
    for (let oy = 0; oy < oh; oy++) {
      for (let ox = 0; ox < ow; ox++) {
        const yAt = ((n * oh + oy) * ow + ox) * c.co
        for (let ky = 0; ky < c.kh; ky++) {
          const iy = oy * c.stride - c.padding + ky
          if (iy < 0 || iy >= c.h) continue
          for (let kx = 0; kx < c.kw; kx++) {
            const ix = ox * c.stride - c.padding + kx
            if (ix < 0 || ix >= c.w) continue
            visit(((n * c.h + iy) * c.w + ix) * c.ci, (ky * c.kw + kx) * c.ci * c.co, yAt)
          }
        }
      }
    }
  }
}
