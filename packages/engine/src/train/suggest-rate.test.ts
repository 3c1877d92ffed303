import { expect, test } from 'vitest'
import { rateRange, suggestRates } from './suggest-rate.ts'

/** A sweep of 100 rates that ended after 93: a plateau, a fall, a divergence, and a ripple. */
const rates = Array.from({ length: 93 }, (_, i) => 1e-7 * 1e8 ** (i / 100))
const losses = rates.map((rate, i) => {
  const x = Math.log10(rate)
  return 2.2 - 0.9 / (1 + Math.exp(-(x + 3.2) * 2.2)) + 0.4 * Math.exp((x + 0.6) * 3) + 0.01 * Math.sin(1.7 * i)
})

test('the four suggestions are those of fastai’s rules', () => {
  // What the rules give in numpy for this curve.
  const { valley, steep, minimum, slide } = suggestRates({ rates, losses }, 100)
  expect(valley).toBeCloseTo(0.0004786300923226385, 15)
  expect(steep).toBeCloseTo(0.0004786300923226385, 15)
  expect(minimum).toBeCloseTo(0.0019054607179632484, 15)
  expect(slide).toBeCloseTo(0.00022908676527677726, 15)
})

test('a curve that only rises has no valley and no slope, and one too short has nothing', () => {
  const rising = suggestRates({ rates, losses: rates.map((_, i) => 1 + 1e-4 * i) }, 100)
  expect(rising).toMatchObject({ valley: null, steep: null })
  const nothing = { valley: null, steep: null, minimum: null, slide: null }
  expect(suggestRates({ rates: rates.slice(0, 15), losses: losses.slice(0, 15) }, 100)).toEqual(nothing)
  expect(suggestRates({ rates: [], losses: [] }, 100)).toEqual(nothing)
})

test('losses that are not numbers are left out', () => {
  const broken = losses.map((loss, i) => (i === 40 ? Number.NaN : loss))
  const { minimum } = suggestRates({ rates, losses: broken }, 100)
  expect(minimum).toBeCloseTo(0.0019054607179632484, 15)
})

test('the fewer steps a run has, the nearer its rate is to that of least loss, and its range always goes beyond that', () => {
  const none = { valley: 1e-4, steep: 1e-3, minimum: null, slide: 1 }
  expect(rateRange(none, 100)).toBeNull()
  const at = (steps: number) => rateRange({ ...none, minimum: 3e-3 }, steps)
  expect(at(10)?.rate).toBeCloseTo(3e-2, 15)
  expect(at(60)).toEqual(at(10))
  expect(at(200)?.rate).toBeCloseTo(9e-3, 15)
  expect(at(600)?.rate).toBeCloseTo(3e-3, 15)
  expect(at(100_000)).toEqual(at(600))
  expect(at(600)?.low).toBeCloseTo(6e-4, 15)
  expect(at(600)?.high).toBeCloseTo(6e-2, 15)
  expect(at(60)?.high).toBeCloseTo(0.15, 15)
})
