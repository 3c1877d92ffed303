/**
 * A picture [height, width, channels] blurred by a Gaussian of `sigma` pixels that is cut off at 4σ; edges are mirrored
 * (… b a | a b …). Rows after columns, as scipy does.
 */
export function gaussian(
  values: Float64Array,
  width: number,
  height: number,
  channels: number,
  sigma: number,
): Float64Array {
  if (!(sigma > 0)) return Float64Array.from(values)
  const kernel = gaussianKernel(sigma)
  const columns = blurAxis(values, height, width * channels, 1, kernel)
  return blurAxis(columns, width, channels, height, kernel)
}

/** The weights of offsets 0 … ⌊4σ + ½⌋; both sides together sum to 1. */
function gaussianKernel(sigma: number): Float64Array {
  const kernel = Float64Array.from({ length: Math.floor(4 * sigma + 0.5) + 1 }, (_, i) =>
    Math.exp(-0.5 * (i / sigma) ** 2),
  )
  const sum = kernel.reduce((total, weight, i) => total + (i === 0 ? weight : 2 * weight), 0)
  return kernel.map((weight) => weight / sum)
}

/** Blurs the middle axis of [outer, length, inner]. */
function blurAxis(
  values: Float64Array,
  length: number,
  inner: number,
  outer: number,
  kernel: Float64Array,
): Float64Array {
  const blurred = new Float64Array(values.length)
  const mirrored = (i: number): number => {
    const m = ((i % (2 * length)) + 2 * length) % (2 * length)
    return m < length ? m : 2 * length - 1 - m
  }
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < length; i++) {
      const row = (o * length + i) * inner
      for (let c = 0; c < inner; c++) blurred[row + c] = (kernel[0] as number) * (values[row + c] as number)
      for (let k = 1; k < kernel.length; k++) {
        const before = (o * length + mirrored(i - k)) * inner
        const after = (o * length + mirrored(i + k)) * inner
        const weight = kernel[k] as number
        for (let c = 0; c < inner; c++) {
          blurred[row + c] =
            (blurred[row + c] as number) + weight * ((values[before + c] as number) + (values[after + c] as number))
        }
      }
    }
  }
  return blurred
}
