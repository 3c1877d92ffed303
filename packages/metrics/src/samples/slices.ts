/** The samples of one group. */
export interface Slice<Key, Value> {
  key: Key
  n: number
  value: Value
}

/**
 * A metric for each group of samples (camera, year, site), in the order in which groups first occur: `keys` has one key a sample,
 * `metric` gets the indices of a group's samples. A mean may hide a group for which a model fails.
 */
export function slices<Key, Value>(
  keys: ArrayLike<Key>,
  metric: (indices: Uint32Array, key: Key) => Value,
): Slice<Key, Value>[] {
  const groups = new Map<Key, number[]>()
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as Key
    const indices = groups.get(key)
    if (indices) indices.push(i)
    else groups.set(key, [i])
  }
  return Array.from(groups, ([key, indices]) => ({
    key,
    n: indices.length,
    value: metric(Uint32Array.from(indices), key),
  }))
}

/** The values at `indices`. */
export function take(values: ArrayLike<number>, indices: Uint32Array): Float64Array {
  return Float64Array.from(indices, (i) => values[i] as number)
}
