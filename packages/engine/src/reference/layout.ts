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
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))
  const result = new Float64Array(source.length)
  let next = 0
  const walk = (depth: number, from: number): void => {
    const axis = order[depth]!
    const last = depth === order.length - 1
    for (let i = 0; i < shape[axis]!; i++) {
      if (last) result[next++] = source[from + i * strides[axis]!]!
      else walk(depth + 1, from + i * strides[axis]!)
    }
  }
  walk(0, 0)
  return result
}
