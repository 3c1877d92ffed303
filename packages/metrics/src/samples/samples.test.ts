import { describe, expect, test } from 'vitest'
import { accuracy, confusionMatrix, LossKeeper, slices, take } from '../index.ts'

describe('LossKeeper', () => {
  const losses = Array.from({ length: 500 }, (_, i) => ((i * 7919) % 97) / 10)
  const sorted = losses.map((loss, id) => ({ id, loss })).sort((a, b) => b.loss - a.loss)

  test.each([1, 2, 9, 100, 499, 500, 600])('keeps the %i largest, the earlier of equals', (keep) => {
    const keeper = new LossKeeper(keep)
    for (const [id, loss] of losses.entries()) keeper.add(loss, id)
    expect(keeper.kept()).toEqual(sorted.slice(0, keep))
  })

  test('keeps the least where asked', () => {
    const keeper = new LossKeeper<string>(7, 'least')
    for (const [i, loss] of losses.entries()) keeper.add(loss, `image ${i}`)
    const least = losses.map((loss, i) => ({ id: `image ${i}`, loss })).sort((a, b) => a.loss - b.loss)
    expect(keeper.kept()).toEqual(least.slice(0, 7))
  })

  test('takes NaN for the worst and has kept nothing of nothing', () => {
    const worst = new LossKeeper(2).add(Infinity, 0).add(NaN, 1).add(3, 2)
    expect(worst.kept()).toEqual([
      { id: 1, loss: NaN },
      { id: 0, loss: Infinity },
    ])
    expect(new LossKeeper(1, 'least').add(NaN, 0).add(3, 1).kept()).toEqual([{ id: 1, loss: 3 }])
    expect(new LossKeeper(3).kept()).toEqual([])
    expect(() => new LossKeeper(0)).toThrow('keep is 0: it must be an integer of at least 1')
  })
})

test('slices give a metric for each group, in the order in which groups occur', () => {
  const labels = [0, 1, 0, 1, 1]
  const predicted = [0, 0, 0, 1, 0]
  const cameras = ['phone', 'reflex', 'phone', 'reflex', 'reflex']
  expect(
    slices(cameras, (indices) => accuracy(confusionMatrix(take(labels, indices), take(predicted, indices), 2))),
  ).toEqual([
    { key: 'phone', n: 2, value: 1 },
    { key: 'reflex', n: 3, value: 1 / 3 },
  ])
  expect(slices([], () => 0)).toEqual([])
})
