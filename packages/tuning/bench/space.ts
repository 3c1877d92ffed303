import type { Space, Value } from '@sporeprint/tuning'

/** 20 parameters: twelve floats, half of them by their logarithm, four integers, four choices. */
export const space: Space = Object.fromEntries(
  Array.from({ length: 20 }, (_, d) => {
    if (d < 12) return [`x${d}`, { kind: 'float', low: 1e-3, high: 1, log: d % 2 === 1 }]
    if (d < 16) return [`x${d}`, { kind: 'int', low: 1, high: 100 }]
    return [`x${d}`, { kind: 'categorical', choices: ['a', 'b', 'c', 'd'] }]
  }),
)

/** A number's place in the middle twentieth of its range. */
export function nearMiddle(value: Value): Value {
  if (typeof value !== 'number') return value
  return Number.isInteger(value) ? 48 + Math.round(value / 20) : 0.5 + value / 20
}
