/** A picture under masks in f64, a pixel at a time: what kernels/mask.ts computes. */

export interface MaskCase {
  /** u8 RGBA [pixels, 4]. */
  image: Uint8Array
  hidden: Uint8Array
  /** The segment of each pixel. */
  labels: ArrayLike<number>
  mean: readonly number[]
  std: readonly number[]
}

/** [samples, pixels, 4], the fourth channel 0: `isShown` tells whether a sample shows a segment. */
export function masked(
  c: MaskCase,
  samples: number,
  isShown: (sample: number, segment: number) => boolean,
): Float64Array {
  const pixels = c.labels.length
  const x = new Float64Array(4 * samples * pixels)
  for (let s = 0; s < samples; s++) {
    for (let p = 0; p < pixels; p++) {
      const source = isShown(s, c.labels[p]!) ? c.image : c.hidden
      for (let channel = 0; channel < 3; channel++) {
        x[4 * (s * pixels + p) + channel] = (source[4 * p + channel]! / 255 - c.mean[channel]!) / c.std[channel]!
      }
    }
  }
  return x
}
