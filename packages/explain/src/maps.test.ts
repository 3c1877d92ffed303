import { describe, expect, test } from 'vitest'
import type { MaskedClassifier } from './classifier.ts'
import { imputed } from './faithfulness.ts'
import { gradCam } from './grad-cam.ts'
import { isShown, type Masks } from './masks.ts'
import { occlusion } from './occlusion.ts'
import { blank } from './pixels.ts'

describe('Grad-CAM', () => {
  test('weighs channels by their mean gradient, keeps what speaks for the class, and stretches it to [0, 1]', () => {
    // Two channels of 1 × 3: weights are the means, 1 and −2; the sums are 1·[1, 4, 6] − 2·[1, 0, 1] = [−1, 4, 4].
    const activations = [1, 1, 4, 0, 6, 1]
    const gradients = [0, -2, 0, -2, 3, -2]
    const input = { label: 1, height: 1, width: 3, channels: 2, activations, gradients }
    expect([...gradCam(input, { width: 3, height: 1 }).values]).toEqual([0, 1, 1])
  })

  test('enlarges by pixel centres, as torch does without aligned corners', () => {
    const input = { label: 0, height: 1, width: 2, channels: 1, activations: [0, 1], gradients: [1, 1] }
    const { values } = gradCam(input, { width: 4, height: 2 })
    expect([...values]).toEqual([0, 0.25, 0.75, 1, 0, 0.25, 0.75, 1])
  })

  test('is empty where nothing speaks for the class, and refuses what does not fit', () => {
    const input = { label: 0, height: 1, width: 2, channels: 1, activations: [1, 2], gradients: [-1, -1] }
    expect([...gradCam(input, { width: 2, height: 1 }).values]).toEqual([0, 0])
    expect(() => gradCam({ ...input, gradients: [1] }, { width: 2, height: 1 })).toThrow(
      '2 activations and 1 gradients: maps of 1 × 2 × 1 need 2',
    )
  })
})

describe('occlusion', () => {
  /** Likes the segment in the middle of nine cells: .9 with it, .1 without. */
  const middle: MaskedClassifier = {
    classes: 2,
    async classifyMasked(_, masks: Masks) {
      return Array.from({ length: masks.samples }, (_, s) => (isShown(masks, s, 4) ? [0.9, 0.1] : [0.1, 0.9])).flat()
    },
  }

  test('with a patch of one cell marks that cell alone', async () => {
    const { maps, probabilities, samples } = await occlusion(middle, blank(6, 6), {
      stride: 2,
      patch: 2,
      labels: [0, 1],
    })
    expect([...probabilities]).toEqual([0.9, 0.1])
    expect(samples).toBe(10)
    const [map, opposite] = maps.map(({ values }) => Array.from(values, (value) => Number(value.toFixed(12))))
    expect(map).toEqual([
      ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      ...[0, 0, 0.8, 0.8, 0, 0, 0, 0, 0.8, 0.8, 0, 0],
      ...[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ])
    expect(opposite?.[14]).toBe(-0.8)
  })

  test('gives a pixel the mean of the patches over it', async () => {
    const { maps } = await occlusion(middle, blank(3, 3), { stride: 1, patch: 2, labels: [0] })
    // Each pixel has four patches over it, of which so many cover the middle too: 1 at a corner, 2 at an edge, 4 there.
    expect(Array.from(maps[0]?.values ?? [], (value) => Number(value.toFixed(9)))).toEqual([
      ...[0.2, 0.4, 0.2],
      ...[0.4, 0.8, 0.4],
      ...[0.2, 0.4, 0.2],
    ])
  })

  test('refuses a patch that the stride does not divide', async () => {
    await expect(occlusion(middle, blank(6, 6), { stride: 2, patch: 3 })).rejects.toThrow('a multiple of the stride, 2')
  })
})

describe('imputation', () => {
  test('fills a gap in a slope so that the slope goes on, and leaves the rest alone', () => {
    const image = blank(9, 9)
    for (let p = 0; p < 81; p++) image.data.set([20 * (p % 9), 100, 200 - 10 * (p % 9)], 4 * p)
    const gap = Uint32Array.of(30, 31, 32, 39, 40, 41, 48, 49, 50)
    const filled = imputed(image, gap, 0, 0)
    for (let i = 0; i < image.data.length; i++) {
      // A linear slope is its own neighbours' mean; rounds end within a few times 0.05, and bytes are rounded.
      expect(Math.abs((filled.data[i] as number) - (image.data[i] as number))).toBeLessThanOrEqual(1)
    }
  })
})
