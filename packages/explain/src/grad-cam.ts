import { ExplainInputError } from './errors.ts'
import type { AttributionMap } from './explanation.ts'

export interface GradCamInput {
  label: number
  /** Of the maps. */
  height: number
  width: number
  channels: number
  /** The last convolution's output A of one picture [height, width, channels]. */
  activations: ArrayLike<number>
  /** ∂y/∂A of the class's logit y, in the same layout. */
  gradients: ArrayLike<number>
}

/**
 * Grad-CAM (Selvaraju et al., ICCV 2017): channels weighted by their mean gradient, what speaks for the class kept, brought
 * to [0, 1] and enlarged bilinearly to the picture's size. A map without any such place is 0 everywhere.
 */
export function gradCam(input: GradCamInput, image: { width: number; height: number }): AttributionMap {
  const { label, height, width, channels, activations, gradients } = input
  const cells = height * width
  if (activations.length !== cells * channels || gradients.length !== cells * channels) {
    throw new ExplainInputError(
      `${activations.length} activations and ${gradients.length} gradients: maps of ${height} × ${width} × ${channels} need ${cells * channels}`,
    )
  }
  const weights = new Float64Array(channels)
  for (let i = 0; i < cells * channels; i++) {
    weights[i % channels] = (weights[i % channels] as number) + (gradients[i] as number) / cells
  }
  const map = Float64Array.from({ length: cells }, (_, cell) => {
    let value = 0
    for (let c = 0; c < channels; c++) value += (weights[c] as number) * (activations[cell * channels + c] as number)
    return Math.max(0, value)
  })
  return { label, ...image, values: enlarge(stretched(map), width, height, image.width, image.height) }
}

/** Values brought to [0, 1]; all 0 where they are equal. */
export function stretched(values: Float64Array): Float64Array {
  let [least, most] = [Infinity, -Infinity]
  for (const value of values) {
    least = Math.min(least, value)
    most = Math.max(most, value)
  }
  return values.map((value) => (most > least ? (value - least) / (most - least) : 0))
}

/** Bilinear with pixel centres at halves and edges held, as OpenCV and torch's align_corners = false. */
export function enlarge(
  map: ArrayLike<number>,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
): Float64Array {
  const along = (i: number, from: number, to: number): { low: number; high: number; part: number } => {
    const position = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1)
    const low = Math.floor(position)
    return { low, high: Math.min(low + 1, from - 1), part: position - low }
  }
  const enlarged = new Float64Array(toWidth * toHeight)
  for (let y = 0; y < toHeight; y++) {
    const rows = along(y, height, toHeight)
    for (let x = 0; x < toWidth; x++) {
      const columns = along(x, width, toWidth)
      const at = (row: number): number =>
        (map[row * width + columns.low] as number) * (1 - columns.part) +
        (map[row * width + columns.high] as number) * columns.part
      enlarged[y * toWidth + x] = at(rows.low) * (1 - rows.part) + at(rows.high) * rows.part
    }
  }
  return enlarged
}
