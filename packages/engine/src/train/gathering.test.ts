import { expect, test } from 'vitest'
import { IGNORED_LABEL } from '../data/loader.ts'
import { balancedWeights } from './class-weights.ts'
import { gathering } from './gathering.ts'

/** What a step's scalars make of gradients, one number a batch: the gradient of each update. */
function updates(every: number, weights: number[] | null, batches: { labels: number[]; gradient: number }[]): number[] {
  const gather = gathering(every, weights)
  const made: number[] = []
  let sum = Number.NaN
  for (const [i, { labels, gradient }] of batches.entries()) {
    const step = gather(Uint32Array.from(labels), i === batches.length - 1)
    if (every === 1) sum = gradient
    else sum = (step.carried === 0 ? 0 : sum) + step.batchWeight * gradient
    if (step.gradientScale > 0) made.push(step.gradientScale * sum)
  }
  return made
}

test('every so many batches make an update of their mean, and the last of an epoch one of what is left', () => {
  const batches = [1, 2, 3, 4, 5].map((gradient) => ({ labels: [0, 1], gradient }))
  expect(updates(2, null, batches)).toEqual([1.5, 3.5, 5])
  expect(updates(1, null, batches)).toEqual([1, 2, 3, 4, 5])
  expect(updates(8, null, batches)).toEqual([3])
})

test('batches count by the weights of their labels, as in the mean over all their images', () => {
  const batches = [
    { labels: [0, 0], gradient: 1 },
    { labels: [1, IGNORED_LABEL], gradient: 5 },
  ]
  // Weights 2·.5 and 4: the mean of gradients per unit of weight.
  expect(updates(2, [0.5, 4], batches)[0]).toBeCloseTo((1 * 1 + 4 * 5) / 5, 14)
  expect(updates(2, null, batches)[0]).toBeCloseTo((2 * 1 + 1 * 5) / 3, 14)
})

test('balanced weights give every class the same share, and one without images an idle 1', () => {
  const labels = Uint32Array.of(0, 0, 0, 1)
  expect(balancedWeights(labels, 2)).toEqual([4 / 6, 2])
  expect(balancedWeights(labels, 3)).toEqual([4 / 9, 4 / 3, 1])
})
