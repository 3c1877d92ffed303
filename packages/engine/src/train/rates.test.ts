import { expect, test } from 'vitest'
import { slice } from './rates.ts'

test('a slice of one rate gives the body a tenth of it', () => {
  expect(slice(2e-3)).toEqual([2e-4, 2e-4, 2e-3])
})

test('a slice of two rates is geometric: the notebook’s second phase', () => {
  const rates = slice(1.405e-3 / 10, 1.405e-3)
  for (const [group, rate] of [1.405e-4, 4.443e-4, 1.405e-3].entries()) expect(rates[group]! / rate).toBeCloseTo(1, 4)
})
