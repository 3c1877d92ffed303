import { expect, test } from 'vitest'
import { RowSample } from './row-sample.ts'

function sampleOf(count: number): RowSample {
  const rows = new RowSample(2, 4)
  for (let i = 0; i < count; i++) rows.add(i, [9, 9, i, 1 - i], 2)
  return rows
}

test('RowSample keeps every row until there are too many, then every second, every fourth', () => {
  expect(sampleOf(4).sample().labels).toEqual([0, 1, 2, 3])
  expect(sampleOf(4).complete).toBe(true)
  expect(sampleOf(5).sample().labels).toEqual([0, 2, 4])
  expect(sampleOf(5).complete).toBe(false)
  expect(sampleOf(8).sample().labels).toEqual([0, 2, 4, 6])
  expect(sampleOf(9).sample().labels).toEqual([0, 4, 8])
  expect([...sampleOf(9).sample().rows]).toEqual([0, 1, 4, -3, 8, -7])
})
