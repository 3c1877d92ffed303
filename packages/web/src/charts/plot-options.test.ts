import { expect, test } from 'vitest'
import { formatNumber, formatPercent } from '../core/format.ts'
import { tickLabels } from './plot-options.ts'

test('ticks are written as values are, without zeros at their end', () => {
  expect(tickLabels([0, 0.25, 0.5], formatNumber)).toEqual(['0', '0.25', '0.5'])
  expect(tickLabels([0.7, 0.725], formatPercent)).toEqual(['70%', '72.5%'])
})

test('ticks that would look the same get the digits that tell them apart', () => {
  expect(tickLabels([0, 0.00002, 0.00004], formatNumber)).toEqual(['0', '0.00002', '0.00004'])
})
