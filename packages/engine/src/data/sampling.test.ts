import { describe, expect, it } from 'vitest'
import { type Sampling, sampleOrder } from './sampling.ts'

/** 90 images of class 0, then 10 of class 1, none of class 2. */
const labels = Uint32Array.from({ length: 100 }, (_, i) => (i < 90 ? 0 : 1))
const source = { length: 100, labels, classes: ['common', 'rare', 'absent'] }
const order = (sampling: Sampling, epoch = 0, seed = 42) => [...sampleOrder(source, sampling, seed, epoch)]

describe('sampleOrder', () => {
  it('takes every image once, in a new order each epoch or always in the same', () => {
    const all = Array.from({ length: 100 }, (_, i) => i)
    expect(order('sequential', 3)).toEqual(all)
    expect(order('shuffle').toSorted((a, b) => a - b)).toEqual(all)
    expect(order('shuffle')).not.toEqual(order('shuffle', 1))
  })

  it('draws the same for the same seed and epoch, and other images for another seed or epoch', () => {
    expect(order('balanced')).toEqual(order('balanced'))
    expect(order('balanced')).not.toEqual(order('balanced', 1))
    expect(order('balanced')).not.toEqual(order('balanced', 0, 43))
  })

  it('balanced: every class with images is drawn equally often, and within it every image', () => {
    const counts = countDraws('balanced', 2000)
    const expected = Float64Array.from(labels, (label) => 200_000 / 2 / (label === 0 ? 90 : 10))
    // 99 degrees of freedom: the .999 quantile of chi square is 148.2.
    expect(chiSquare(counts, expected)).toBeLessThan(148.2)
  })

  it('weights: images are drawn in proportion, and those of weight 0 never', () => {
    const weights = Array.from({ length: 100 }, (_, i) => i % 5)
    const counts = countDraws(weights, 2000)
    expect(counts.filter((_, i) => i % 5 === 0)).toEqual(new Float64Array(20))
    const drawn = (values: Float64Array) => values.filter((_, i) => i % 5 > 0)
    // 79 degrees of freedom: the .999 quantile of chi square is 123.6.
    expect(chiSquare(drawn(counts), drawn(Float64Array.from(weights, (w) => (200_000 * w) / 200)))).toBeLessThan(123.6)
  })

  it('refuses weights that are none', () => {
    expect(() => order([1, 2])).toThrow('100 images need 100 weights')
    expect(() => order(new Array(100).fill(0))).toThrow('every weight to sample by is 0')
    expect(() => order(new Array(100).fill(-1))).toThrow('weight 0 is -1')
  })
})

function countDraws(sampling: Sampling, epochs: number): Float64Array {
  const counts = new Float64Array(100)
  for (let epoch = 0; epoch < epochs; epoch++)
    for (const image of sampleOrder(source, sampling, 7, epoch)) counts[image] = (counts[image] as number) + 1
  return counts
}

const chiSquare = (counts: Float64Array, expected: Float64Array): number =>
  counts.reduce((sum, count, i) => sum + (count - (expected[i] as number)) ** 2 / (expected[i] as number), 0)
