import { expect, test } from 'vitest'
import { momentumAt, rateFactor } from './schedules.ts'

const at = (schedule: Parameters<typeof rateFactor>[0], pctStart: number) =>
  [0, 0.25, 0.5, 0.75, 1].map((p) => Number(rateFactor(schedule, p, pctStart).toFixed(5)))

test('flat_cos holds the rate until pctStart and then falls along a cosine', () => {
  expect(at('flat_cos', 0.5)).toEqual([1, 1, 1, 0.50001, 0.00001])
})

test('one_cycle rises from 1/25 until pctStart and falls to 1e-5', () => {
  expect(at('one_cycle', 0.25)).toEqual([0.04, 1, 0.75, 0.25001, 0.00001])
})

test('cosine falls all the way, constant never', () => {
  expect(at('cosine', 0.5)).toEqual([1, 0.85355, 0.50001, 0.14646, 0.00001])
  expect(at('constant', 0.5)).toEqual([1, 1, 1, 1, 1])
})

test('momentum moves against the rate in one_cycle and not elsewhere', () => {
  expect([0, 0.25, 1].map((p) => momentumAt('one_cycle', p, 0.25, 0.9))).toEqual([0.95, 0.85, 0.95])
  expect(momentumAt('flat_cos', 0.5, 0.75, 0.9)).toBe(0.9)
})

test('a phase that is all rise, or all flat, divides by nothing', () => {
  expect(rateFactor('flat_cos', 1, 1)).toBe(1)
  expect(rateFactor('one_cycle', 1, 1)).toBe(1)
  expect(rateFactor('one_cycle', 0, 0)).toBe(1)
})
