import { describe, expect, test } from 'vitest'
import { augmentWords } from '../kernels/augment.ts'
import { partnerWords } from '../kernels/loss.ts'
import { augmentationPresets } from './augmentation.ts'
import { augments, drawBatch, unchanged } from './batch.ts'

const sides = { source: 64, size: 64 }
const of = { seed: 1, epoch: 2, step: 3 }
const notebook = { ...unchanged, augment: augmentationPresets.notebook }

test('a step augments where images are changed or mixed', () => {
  expect(augments(unchanged)).toBe(false)
  expect(augments(notebook)).toBe(true)
  expect(augments({ ...unchanged, cutmix: 1 })).toBe(true)
})

describe('what is drawn for a batch', () => {
  const wordsOf = (indices: number[]): Uint32Array[] => {
    const { draws } = drawBatch(notebook, sides, { ...of, indices, labels: indices })
    return indices.map((_, n) => {
      const words = draws.slice(n * augmentWords, (n + 1) * augmentWords)
      // The partner's place: without mixing, the image's own.
      words[22] = 0
      return words
    })
  }

  test('goes with its images, in whatever order and company they come', () => {
    const [a, b, c] = wordsOf([7, 8, 9])
    expect(wordsOf([9, 30, 7])).toEqual([c, wordsOf([30])[0], a])
    expect(wordsOf([8])).toEqual([b])
  })

  test('tells the loss whose label each image shares, and how much of its own is left', () => {
    const indices = [4, 5, 6, 7]
    const labels = [0, 1, 2, 1]
    const { mixes, partners } = drawBatch({ ...unchanged, mixup: 0.4 }, sides, { ...of, indices, labels })
    const shares = new Float32Array(partners?.buffer ?? new ArrayBuffer(0))
    for (const [n, mix] of (mixes ?? []).entries()) {
      expect(partners?.[n * partnerWords]).toBe(labels[mix.partner])
      expect(shares[n * partnerWords + 1]).toBe(Math.fround(mix.share))
    }
    expect(mixes).toHaveLength(4)
    expect(drawBatch(notebook, sides, { ...of, indices, labels })).toMatchObject({ mixes: null, partners: null })
  })
})
