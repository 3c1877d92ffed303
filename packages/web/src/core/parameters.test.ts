import { expect, test } from 'vitest'
import {
  formatParameter,
  formatRange,
  formatValue,
  placeOf,
  type SpaceParameter,
  type TrialParameter,
} from './parameters.ts'

const none = { number: null, text: null, flag: null }
const rate: SpaceParameter = {
  name: 'baseLr',
  kind: 'float',
  low: 1e-4,
  high: 1e-2,
  log: true,
  step: null,
  choices: null,
  when: null,
}
const schedule: SpaceParameter = {
  ...rate,
  name: 'schedule',
  kind: 'categorical',
  low: null,
  high: null,
  log: null,
  choices: ['flat_cos', 'one_cycle', 'cosine'].map((text) => ({ ...none, text })),
}
const trial = (...parameters: Partial<TrialParameter>[]) => ({
  parameters: parameters.map((parameter) => ({ ...none, name: '', ...parameter })),
})

test('values are written short, whatever they are', () => {
  expect([0.002134, 12, 0.000123, 1e-8].map(formatParameter)).toEqual(['0.00213', '12', '1.2e-4', '1e-8'])
  expect([{ ...none, text: 'sgd' }, { ...none, flag: true }, { ...none, number: 0.5 }, none].map(formatValue)).toEqual([
    'sgd',
    'true',
    '0.5',
    'none',
  ])
  expect(formatRange(rate)).toBe('1e-4 to 0.01, logarithmic')
  expect(formatRange(schedule)).toBe('flat_cos, one_cycle, cosine')
})

test('a value has its place on its axis: by its logarithm, by its choice, or none where the trial has no such parameter', () => {
  expect(placeOf(rate, trial({ name: 'baseLr', number: 1e-3 }))).toBeCloseTo(0.5)
  expect(placeOf(schedule, trial({ name: 'schedule', text: 'cosine' }))).toBe(1)
  expect(placeOf({ ...rate, low: 1e-2 }, trial({ name: 'baseLr', number: 1e-2 }))).toBe(0.5)
  expect(placeOf(rate, trial({ name: 'momentum', number: 1 }))).toBeNull()
})
