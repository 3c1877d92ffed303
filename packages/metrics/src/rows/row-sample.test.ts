import { expect, test } from 'vitest'
import { RowSample } from './row-sample.ts'

function sampleOf(count: number, limit: number): RowSample {
  const rows = new RowSample(2, limit)
  for (let i = 0; i < count; i++) rows.add(i, [9, 9, i, 1 - i], 2)
  return rows
}

test('RowSample keeps every row until there are too many, then every second, every fourth', () => {
  const labels = (count: number) => [...sampleOf(count, 4).sample().labels]
  expect(labels(4)).toEqual([0, 1, 2, 3])
  expect(sampleOf(4, 4).complete).toBe(true)
  expect(labels(5)).toEqual([0, 2, 4])
  expect(sampleOf(5, 4).complete).toBe(false)
  expect(labels(8)).toEqual([0, 2, 4, 6])
  expect(labels(9)).toEqual([0, 4, 8])
  expect([...sampleOf(9, 4).sample().rows]).toEqual([0, 1, 4, -3, 8, -7])
})

test.each([1, 2, 3, 5, 1500])(
  'RowSample of %i rows is evenly spread over any stream, with the rows of its labels',
  (limit) => {
    for (const count of [0, 1, 2, 7, 64, 2000, 3001]) {
      const { labels, rows } = sampleOf(count, limit).sample()
      expect(labels.length).toBeLessThanOrEqual(limit)
      const stride = labels.length > 1 ? (labels[1] as number) : Math.max(1, count)
      expect(labels.length).toBeGreaterThanOrEqual(Math.min(count, Math.ceil(limit / 2)))
      expect([...labels]).toEqual(Array.from(labels, (_, i) => i * stride))
      expect([...rows]).toEqual([...labels].flatMap((label) => [label, 1 - label]))
    }
  },
)
