import { describe, expect, test } from 'vitest'
import { heatMap, legendBar, outline, panel, shownSegments, superpixels } from './overlay.ts'
import { blank, type Pixels } from './pixels.ts'
import { segmentsOf } from './segments/segments.ts'

const pixel = (image: Pixels, x: number, y: number): number[] => [
  ...image.data.subarray(4 * (y * image.width + x), 4 * (y * image.width + x) + 4),
]

describe('a heat map', () => {
  test('goes from 0 to the greatest value, in the sequential scale', () => {
    const { pixels, legend } = heatMap(blank(3, 1), [0, 1, 2], { opacity: 1 })
    expect([legend.low, legend.high]).toEqual([0, 2])
    expect([pixel(pixels, 0, 0), pixel(pixels, 1, 0), pixel(pixels, 2, 0)]).toEqual([
      [68, 1, 84, 255],
      [33, 145, 140, 255],
      [253, 231, 37, 255],
    ])
  })

  test('has its 0 in the middle where values are negative', () => {
    const { pixels, legend } = heatMap(blank(3, 1), [-1, 0, 4], { opacity: 1 })
    expect([legend.low, legend.high]).toEqual([-4, 4])
    expect(pixel(pixels, 1, 0)).toEqual([247, 247, 247, 255])
    expect(pixel(pixels, 2, 0)).toEqual([27, 120, 55, 255])
  })

  test('lets the picture through by its opacity, and does not change it', () => {
    const image = blank(1, 1, [100, 100, 100])
    const { pixels } = heatMap(image, [1], { opacity: 0.5 })
    expect(pixel(pixels, 0, 0)).toEqual([177, 166, 69, 255])
    expect(pixel(image, 0, 0)).toEqual([100, 100, 100, 255])
    expect(() => heatMap(image, [1, 2])).toThrow('The map has 2 values: the picture is 1 × 1')
  })

  test('of nothing is all of the lowest colour', () => {
    expect(pixel(heatMap(blank(1, 1), [0], { opacity: 1 }).pixels, 0, 0)).toEqual([68, 1, 84, 255])
  })

  test('has a legend from its lowest colour to its highest', () => {
    const bar = legendBar(heatMap(blank(2, 1), [0, 1]).legend, 5, 2)
    expect([pixel(bar, 0, 1), pixel(bar, 4, 0)]).toEqual([
      [68, 1, 84, 255],
      [253, 231, 37, 255],
    ])
  })
})

describe('superpixels', () => {
  const weights = [0.5, -0.7, 0.1, 0, 0.3]

  test('are chosen by sign, weight and number, as the original does', () => {
    expect(shownSegments(weights)).toEqual([0, 4, 2])
    expect(shownSegments(weights, { top: 2 })).toEqual([0, 4])
    expect(shownSegments(weights, { sign: 'negative' })).toEqual([1])
    expect(shownSegments(weights, { sign: 'both', top: 3, least: 0.2 })).toEqual([1, 0, 4])
  })

  test('are tinted green for the class and red against it, and the rest is left or greyed', () => {
    const segments = segmentsOf(5, 1, [0, 1, 2, 3, 4])
    const options = { sign: 'both', top: 2, opacity: 1, boundaries: false } as const
    const shown = superpixels(blank(5, 1), segments, weights, options)
    expect(pixel(shown, 0, 0)).toEqual([27, 158, 75, 255])
    expect(pixel(shown, 1, 0)).toEqual([214, 47, 39, 255])
    expect(pixel(shown, 2, 0)).toEqual([0, 0, 0, 255])
    const alone = superpixels(blank(5, 1), segments, weights, { ...options, hideRest: true })
    expect(pixel(alone, 2, 0)).toEqual([128, 128, 128, 255])
  })

  test('have a line where they meet', () => {
    const lined = outline(blank(3, 2), [0, 0, 1, 0, 0, 1], [9, 9, 9])
    expect([0, 1, 2].map((x) => pixel(lined, x, 0)[0])).toEqual([0, 9, 0])
    const rows = outline(blank(1, 3), [0, 1, 1], [9, 9, 9])
    expect([0, 1, 2].map((y) => pixel(rows, 0, y)[0])).toEqual([9, 0, 0])
  })
})

test('a panel has pictures side by side, with room for a caption under each, and says where they lie', () => {
  const { pixels, places } = panel([blank(4, 3, [1, 1, 1]), blank(4, 3, [2, 2, 2]), blank(2, 2, [3, 3, 3])], {
    columns: 2,
    gap: 1,
    caption: 2,
  })
  expect([pixels.width, pixels.height]).toEqual([11, 13])
  expect(places).toEqual([
    { x: 1, y: 1, width: 4, height: 3 },
    { x: 6, y: 1, width: 4, height: 3 },
    { x: 1, y: 7, width: 2, height: 2 },
  ])
  expect(pixel(pixels, 6, 1)).toEqual([2, 2, 2, 255])
  expect(pixel(pixels, 2, 8)).toEqual([3, 3, 3, 255])
  expect(pixel(pixels, 0, 0)).toEqual([255, 255, 255, 255])
  expect(() => panel([])).toThrow('at least one picture')
})
