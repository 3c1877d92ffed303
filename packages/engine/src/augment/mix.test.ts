import { describe, expect, test } from 'vitest'
import { drawMixes, symmetricBeta } from './mix.ts'

const of = { seed: 2, epoch: 1, step: 9 }
const images = Uint32Array.from({ length: 2000 }, (_, i) => i)
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

describe('Beta(α, α)', () => {
  test.each([0.01, 0.2, 0.4, 1, 3])('has its moments at α = %d', (alpha) => {
    const n = 20_000
    const values = Array.from({ length: n }, (_, image) => symmetricBeta(alpha, { seed: 1, epoch: 0, image }))
    expect(values.every((v) => v >= 0 && v <= 1)).toBe(true)
    const variance = 1 / (4 * (2 * alpha + 1))
    // Five standard deviations of the mean, and of the mean square about ½, whose own spread is at most ½ of ¼.
    expect(Math.abs(mean(values) - 0.5)).toBeLessThan(5 * Math.sqrt(variance / n))
    expect(Math.abs(mean(values.map((v) => (v - 0.5) ** 2)) - variance)).toBeLessThan(5 * (0.125 / Math.sqrt(n)))
  })

  test('at α = 1 is spread evenly', () => {
    const values = Array.from(images, (image) => symmetricBeta(1, { seed: 1, epoch: 0, image }))
    for (let tenth = 1; tenth < 10; tenth++) {
      const below = values.filter((v) => v < tenth / 10).length / values.length
      expect(Math.abs(below - tenth / 10)).toBeLessThan(
        5 * Math.sqrt(((tenth / 10) * (1 - tenth / 10)) / values.length),
      )
    }
  })

  test('at α = .4 gathers at the ends as its density does', () => {
    const values = Array.from({ length: 20_000 }, (_, image) => symmetricBeta(0.4, { seed: 1, epoch: 0, image }))
    // The regularised incomplete beta function I(.1; .4, .4).
    const below = values.filter((v) => v < 0.1).length / values.length
    expect(Math.abs(below - 0.2397)).toBeLessThan(5 * Math.sqrt((0.2397 * 0.7603) / values.length))
  })
})

test('MixUp keeps the larger share of each image, and partners are a permutation of the batch', () => {
  const mixes = drawMixes({ mixup: 0.4, cutmix: 0 }, 32, { ...of, images })
  expect([...mixes.map(({ partner }) => partner)].sort((a, b) => a - b)).toEqual([...images])
  expect(mixes.every(({ share, box }) => share >= 0.5 && share <= 1 && box === null)).toBe(true)
})

test('CutMix cuts the box whose area is what the label gives away', () => {
  const mixes = drawMixes({ mixup: 0, cutmix: 1 }, 32, { ...of, images })
  for (const { box, share } of mixes) {
    if (!box) throw new Error('no box')
    expect(Math.min(box.left, box.top)).toBeGreaterThanOrEqual(0)
    expect(Math.max(box.right, box.bottom)).toBeLessThanOrEqual(32)
    expect(share).toBe(1 - ((box.right - box.left) * (box.bottom - box.top)) / 32 ** 2)
  }
})

test('with both on, each image gets one of them, half the time either', () => {
  const mixes = drawMixes({ mixup: 0.4, cutmix: 1 }, 32, { ...of, images })
  const cuts = mixes.filter(({ box }) => box !== null).length / mixes.length
  expect(Math.abs(cuts - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / mixes.length))
})

test('an image’s share and box are its own, its partner the step’s', () => {
  const [first] = drawMixes({ mixup: 0, cutmix: 1 }, 32, { ...of, images: [7, 8, 9] })
  const last = drawMixes({ mixup: 0, cutmix: 1 }, 32, { ...of, images: [1, 2, 7] })[2]
  expect({ ...last, partner: 0 }).toEqual({ ...first, partner: 0 })
  const partners = (step: number) =>
    drawMixes({ mixup: 1, cutmix: 0 }, 32, { ...of, step, images }).map((m) => m.partner)
  expect(partners(1)).not.toEqual(partners(2))
  expect(partners(1)).toEqual(partners(1))
})
