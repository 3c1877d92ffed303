/** Between PyTorch's layouts, on disk and in golden files, and those of the references and the device. */

/** Filters [o, i, h, w] to [h, w, i, o]. */
export function oihwToHwio(
  [o, i, h, w]: readonly [number, number, number, number],
  filter: Float64Array,
): Float64Array {
  return permute([o, i, h, w], [2, 3, 1, 0], filter)
}

/** Filters of OIHW shape [o, i, h, w] from [h, w, i, o] back. */
export function hwioToOihw(
  [o, i, h, w]: readonly [number, number, number, number],
  filter: Float64Array,
): Float64Array {
  return permute([h, w, i, o], [3, 2, 0, 1], filter)
}

/** Images [n, c, h, w] to [n, h, w, c]. */
export function nchwToNhwc([n, c, h, w]: readonly [number, number, number, number], x: Float64Array): Float64Array {
  return permute([n, c, h, w], [0, 2, 3, 1], x)
}

/** A [rows, columns] matrix transposed. */
export const transpose = (rows: number, columns: number, matrix: Float64Array): Float64Array =>
  permute([rows, columns], [1, 0], matrix)

/** Axes reordered: axis k of the result is axis `order[k]` of the source. */
function permute(shape: readonly number[], order: readonly number[], source: Float64Array): Float64Array {
  const sizes = order.map((axis) => shape[axis]!)
  const strides = order.map((axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))
  const innerSize = sizes.at(-1)!
  const innerStride = strides.at(-1)!
  const result = new Float64Array(source.length)
  for (let next = 0; next < result.length; next += innerSize) {
    let rest = next / innerSize
    let from = 0
    for (let axis = sizes.length - 2; axis >= 0; axis--) {
      from += (rest % sizes[axis]!) * strides[axis]!
      rest = Math.floor(rest / sizes[axis]!)
    }
    for (let i = 0; i < innerSize; i++) result[next + i] = source[from + i * innerStride]!
  }
  return result
}
