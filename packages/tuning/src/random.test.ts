import { expect, test } from 'vitest'
import { drawsOf, philox } from './random.ts'

test("Philox has the words of its authors' test vectors", () => {
  const hex = (words: readonly number[]) => words.map((word) => word.toString(16).padStart(8, '0')).join(' ')
  const ones = 0xffffffff
  expect(hex(philox([0, 0, 0, 0], [0, 0]))).toBe('6627e8d5 e169c58d bc57ac4c 9b00dbd8')
  expect(hex(philox([ones, ones, ones, ones], [ones, ones]))).toBe('408f276d 41c83b0e a20bc7c6 6d5451fd')
})

test('every part of a key makes other draws, and the same key the same', () => {
  const key = { seed: 1, trial: 2, attempt: 0, purpose: 'rate' }
  const first = (changes: Partial<typeof key>) => {
    const draw = drawsOf({ ...key, ...changes })
    return [draw(), draw(), draw()].join()
  }
  const streams = [{}, { seed: 2 }, { trial: 3 }, { attempt: 1 }, { purpose: 'depth' }].map(first)
  expect(new Set(streams).size).toBe(5)
  expect(first({})).toBe(streams[0])
})

test('draws are uniform: each tenth has its share within five standard deviations', () => {
  const draw = drawsOf({ seed: 9, trial: 0, attempt: 0, purpose: 'share' })
  const n = 20_000
  const counts = new Array<number>(10).fill(0)
  for (let i = 0; i < n; i++) {
    const cell = Math.floor(10 * draw())
    counts[cell] = (counts[cell] as number) + 1
  }
  for (const count of counts) expect(Math.abs(count - n / 10)).toBeLessThan(5 * Math.sqrt(n * 0.09))
})
