import { describe, expect, test } from 'vitest'
import { accuracy, ConfusionAccumulator, confusionMatrix, LossKeeper, quantileGroups, slices, take } from '../index.ts'
import { MistakeKeeper } from './mistake-keeper.ts'

describe('MistakeKeeper', () => {
  test('has samples of the frequent kinds of mistake however many rare ones there are', () => {
    const [classes, kinds] = [40, 16]
    const counts = new ConfusionAccumulator(classes)
    const keeper = new MistakeKeeper<string>({ each: 2, kinds })
    // Five kinds that happen again and again, among 1000 that happen once, in an order that mixes them.
    const frequent = [0, 1, 2, 3, 4].flatMap((k) => Array.from({ length: 20 }, () => [k, 30 + k] as const))
    const rare = Array.from({ length: 1000 }, (_, i) => [5 + (i % 25), 30 + Math.floor(i / 100)] as const)
    const mixed = [...frequent, ...rare].map((mistake, i) => ({ mistake, key: (i * 7919) % 1103 }))
    for (const [i, { mistake }] of mixed.sort((a, b) => a.key - b.key).entries()) {
      const [actual, predicted] = mistake
      counts.count(actual, predicted)
      keeper.add(actual, predicted, i, `${i} of ${actual}`, () => counts.confusion())
    }
    for (const k of [0, 1, 2, 3, 4]) {
      const [worst = ''] = keeper.kept(k, 30 + k)
      const last = mixed.findLastIndex(({ mistake }) => mistake[0] === k)
      expect(worst).toBe(`${last} of ${k}`)
    }
    const held = Array.from({ length: classes ** 2 }, (_, i) => keeper.kept(Math.floor(i / classes), i % classes))
    expect(held.filter(({ length }) => length > 0).length).toBeLessThanOrEqual(kinds)
    expect(Math.max(...held.map(({ length }) => length))).toBe(2)
  })
})

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

describe('quantileGroups', () => {
  test('cuts samples into groups of as many, by bounds that belong to the group below', () => {
    expect(quantileGroups([9, 1, 5, 3, 7, 2, 8], 3)).toEqual({
      group: Uint32Array.of(2, 0, 1, 0, 1, 0, 2),
      bounds: [3, 7],
    })
  })

  test('keeps equal values together, and makes one group of values that are all equal', () => {
    expect(quantileGroups([4, 4, 4, 4, 9], 3)).toEqual({ group: Uint32Array.of(0, 0, 0, 0, 1), bounds: [4] })
    expect(quantileGroups([4, 4], 3).bounds).toEqual([])
    expect(quantileGroups([], 3)).toEqual({ group: new Uint32Array(), bounds: [] })
  })

  test('refuses NaN', () => {
    expect(() => quantileGroups([1, NaN], 2)).toThrow('values[1] is NaN')
  })
})
