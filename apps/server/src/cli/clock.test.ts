import { expect, test } from 'vitest'
import { clock } from './clock.ts'

test('the clock carries seconds into minutes and hours', () => {
  expect([0, 59.6, 61, 3599, 3600, 36_061].map(clock)).toEqual([
    '00:00',
    '01:00',
    '01:01',
    '59:59',
    '1:00:00',
    '10:01:01',
  ])
})
