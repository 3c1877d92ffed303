import { expect, test } from 'vitest'
import { expNegative } from './exp.ts'

test('expNegative is e⁻ˣ to 5 · 10⁻¹⁶, whose own error Math.exp adds', () => {
  let worst = 0
  for (let i = 0; i <= 400_000; i++) {
    const x = (i * 46) / 400_000 + (i % 7) * 1e-9
    worst = Math.max(worst, Math.abs(expNegative(x) / Math.exp(-x) - 1))
  }
  expect(worst).toBeLessThan(5e-16 + 2 ** -52)
  expect(worst).toBeGreaterThan(0)
})

test('expNegative has the ends of Math.exp', () => {
  expect([0, 44.5, 700, 745, 800, Infinity].map(expNegative)).toEqual(
    [0, 44.5, 700, 745, 800, Infinity].map((x) => Math.exp(-x)),
  )
  expect(expNegative(NaN)).toBeNaN()
})
