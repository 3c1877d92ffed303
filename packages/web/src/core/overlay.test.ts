import { expect, test } from 'vitest'
import {
  AGAINST,
  decodeMap,
  decodeRuns,
  FOR,
  legendOf,
  mapPixels,
  outlines,
  segmentPixels,
  shownSegments,
} from './overlay.ts'

const weights = [
  { segment: 2, weight: -0.5 },
  { segment: 0, weight: 0.4 },
  { segment: 3, weight: 0.1 },
  { segment: 1, weight: 0 },
]

test('runs become the segment of each pixel', () => {
  expect([...decodeRuns([3, 2, 0, 1, 3, 3], 6)]).toEqual([3, 3, 0, 3, 3, 3])
})

test('the largest weights of the wanted signs are shown, and a weight of nothing never', () => {
  const shown = (most: number, positive: boolean, negative: boolean) => [
    ...shownSegments(weights, { most, positive, negative }),
  ]
  expect(shown(2, true, true)).toEqual([
    [2, -1],
    [0, 1],
  ])
  expect(shown(9, true, false)).toEqual([
    [0, 1],
    [3, 1],
  ])
  expect(shown(1, false, true)).toEqual([[2, -1]])
  expect(shown(9, false, false)).toEqual([])
})

test('shown segments are green or red at the opacity asked for, all else is clear', () => {
  const segments = decodeRuns([0, 1, 1, 1, 2, 1], 3)
  const shown = new Map([
    [0, 1],
    [2, -1],
  ] as const)
  expect([...segmentPixels(segments, shown, 0.4)]).toEqual([...FOR, 102, 0, 0, 0, 0, ...AGAINST, 102])
})

test('lines run between pixels where groups meet, and belong to both but for the group of nothing', () => {
  // 1 1
  // 0 2
  const groups = [1, 1, 0, 2]
  const lines = outlines((p) => groups[p] ?? 0, 2)
  expect(lines.get(1)).toEqual([0, 1, 1, 1, 1, 1, 2, 1])
  expect(lines.get(2)).toEqual([1, 1, 2, 1, 1, 1, 1, 2])
  expect(lines.has(0)).toBe(false)
})

test('a map comes from the bytes of its floats, and its colours go from its least to its greatest value', () => {
  const encode = (values: number[]) => btoa(String.fromCharCode(...new Uint8Array(Float32Array.from(values).buffer)))
  const positive = decodeMap(encode([0, 0.25, 0.5]))
  expect([...positive]).toEqual([0, 0.25, 0.5])
  const legend = legendOf(positive)
  expect(legend).toMatchObject({ low: 0, high: 0.5 })
  expect([...mapPixels(positive, legend, 1)]).toEqual([68, 1, 84, 255, 33, 145, 140, 255, 253, 231, 37, 255])
  const signed = decodeMap(encode([-0.5, 0, 0.25]))
  expect(legendOf(signed)).toMatchObject({ low: -0.5, high: 0.5 })
  expect([...mapPixels(signed, legendOf(signed), 0)].slice(0, 8)).toEqual([178, 24, 43, 0, 247, 247, 247, 0])
})
