import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { formulaPicture } from '../testing/formula-picture.ts'
import { felzenszwalb } from './felzenszwalb.ts'
import { labOf } from './lab.ts'
import { quickshift } from './quickshift.ts'
import { adjustedRand, decodeRuns, encodeRuns, gridSegments, perPixel, segmentsOf } from './segments.ts'
import { slic } from './slic.ts'

interface Golden {
  picture: number
  height: number
  width: number
  byteSum: number
  lab: number[][]
  quickshift: number[]
  quickshiftNoNoise: number[]
  quickshiftFineNoNoise: number[]
  slic: number[]
  slicFew: number[]
  felzenszwalb: number[]
  felzenszwalbCoarse: number[]
}
const goldens: Golden[] = JSON.parse(
  readFileSync(new URL('../../goldens/segments.json', import.meta.url), 'utf8'),
).pictures

describe.each(goldens)('picture $picture of $width × $height, beside scikit-image', (golden) => {
  const { height, width } = golden
  const image = formulaPicture(golden.picture, height, width)
  const peer = (runs: number[]) => decodeRuns(width, height, runs)

  test('is the same picture, and the same in Lab', () => {
    let sum = 0
    for (let i = 0; i < image.data.length; i++) if (i % 4 !== 3) sum += image.data[i] as number
    expect(sum).toBe(golden.byteSum)
    const lab = labOf(image)
    const pixels = [0, Math.floor(height / 2) * width + Math.floor(width / 3), height * width - 1]
    // Two divisions, a root and a product of 500 on values up to 1: 500 · 8ε < 1e-12.
    pixels.forEach((p, i) => {
      golden.lab[i]?.forEach((value, c) => {
        expect(lab[3 * p + c]).toBeCloseTo(value, 11)
      })
    })
  })

  test('has equal quickshift segments without the noise that breaks ties', () => {
    expect(encodeRuns(quickshift(image, { noise: 0 }))).toEqual(golden.quickshiftNoNoise)
    const fine = quickshift(image, { kernelSize: 2, maxDistance: 6, ratio: 0.5, noise: 0 })
    expect(encodeRuns(fine)).toEqual(golden.quickshiftFineNoNoise)
  })

  test('has nearly the same quickshift segments with noise of another generator', () => {
    expect(adjustedRand(quickshift(image, { seed: 1 }), peer(golden.quickshift))).toBeGreaterThanOrEqual(0.95)
  })

  test('has equal SLIC segments', () => {
    expect(encodeRuns(slic(image))).toEqual(golden.slic)
    expect(encodeRuns(slic(image, { segments: 12, compactness: 20 }))).toEqual(golden.slicFew)
  })

  test('has equal Felzenszwalb segments', () => {
    expect(encodeRuns(felzenszwalb(image))).toEqual(golden.felzenszwalb)
    expect(encodeRuns(felzenszwalb(image, { scale: 100 }))).toEqual(golden.felzenszwalbCoarse)
  })
})

describe('segments', () => {
  test('are numbered from 0 without gaps, whatever a segmenter calls them', () => {
    const { count, labels } = segmentsOf(2, 2, [7, 1, 1, 40])
    expect([count, [...labels]]).toEqual([3, [1, 0, 0, 2]])
    expect(() => segmentsOf(2, 2, [1])).toThrow('1 labels: a picture of 2 × 2 has 4 pixels')
  })

  test('of a grid cover what a cell does not divide', () => {
    expect([...gridSegments(3, 3, 2).labels]).toEqual([0, 0, 1, 0, 0, 1, 2, 2, 3])
  })

  test('give each pixel the weight of its segment', () => {
    expect([...perPixel(segmentsOf(3, 1, [0, 1, 0]), [5, -2])]).toEqual([5, -2, 5])
    expect(() => perPixel(segmentsOf(1, 1, [0]), [1, 2])).toThrow('2 weights: there are 1 segments')
  })

  test('survive their run lengths', () => {
    const segments = segmentsOf(3, 2, [0, 0, 1, 1, 0, 2])
    expect(encodeRuns(segments)).toEqual([0, 2, 1, 2, 0, 1, 2, 1])
    expect(decodeRuns(3, 2, encodeRuns(segments))).toEqual(segments)
  })

  test("have scikit-learn's adjusted Rand index", () => {
    const of = (...labels: number[]) => segmentsOf(labels.length, 1, labels)
    expect(adjustedRand(of(0, 0, 1, 1), of(1, 1, 0, 0))).toBe(1)
    expect(adjustedRand(of(0, 0, 1, 1), of(0, 0, 1, 2))).toBeCloseTo(0.5714285714, 9)
    expect(adjustedRand(of(0, 0, 1, 1), of(0, 1, 0, 1))).toBeCloseTo(-0.5, 9)
  })

  test('of quickshift depend on the seed alone', () => {
    const image = formulaPicture(3, 32, 32)
    expect(quickshift(image, { seed: 5 })).toEqual(quickshift(image, { seed: 5 }))
  })
})
