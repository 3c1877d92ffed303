import { expect, test } from 'vitest'
import { accuracy } from '../counts/confusion.ts'
import { bootstrapConfusion } from './bootstrap-confusion.ts'
import { meanInterval, scoreInterval } from './score-interval.ts'

const confusion = [
  [40, 10],
  [5, 45],
]

test('a score’s interval is the bootstrap’s, and a loss has none', () => {
  const { low, high, standardError } = bootstrapConfusion(confusion, { accuracy }).accuracy
  expect(scoreInterval({ confusion }, 'accuracy')).toEqual({ low, high, standardError })
  expect(scoreInterval({ confusion }, 'validLoss')).toBeNull()
})

test('the mean of folds is surer than each of them, and of one it is that fold’s', () => {
  const fold = { low: 0.78, high: 0.92, standardError: 0.036 }
  expect(meanInterval(0.85, [fold])).toBe(fold)
  const four = meanInterval(0.85, [fold, fold, fold, fold])
  expect(four?.standardError).toBeCloseTo(0.018, 12)
  expect(four?.high).toBeCloseTo(0.85 + 1.959963984540054 * 0.018, 12)
  expect(meanInterval(0.85, [fold, null])).toBeNull()
  expect(meanInterval(0.85, [])).toBeNull()
})
