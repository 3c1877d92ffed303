import { expect, test } from 'vitest'
import { bestOf, epochsWithoutGain, improves } from './monitor.ts'
import type { EpochRecord } from './spec.ts'

const epochs = (values: Partial<EpochRecord>[]): EpochRecord[] =>
  values.map((value, epoch) => ({
    epoch,
    phase: 'unfrozen',
    trainLoss: 1,
    validLoss: 1,
    accuracy: 0,
    f1Weighted: 0,
    f1Micro: 0,
    f1Macro: 0,
    seconds: 1,
    lr: 1e-3,
    ...value,
  }))

test('a lower loss and a higher score are better, by more than minDelta', () => {
  const [a, b] = epochs([
    { validLoss: 0.5, accuracy: 0.8 },
    { validLoss: 0.4, accuracy: 0.7 },
  ]) as [EpochRecord, EpochRecord]
  expect(improves(b, a)).toBe(true)
  expect(improves(b, a, { monitor: 'accuracy' })).toBe(false)
  expect(improves(a, b, { monitor: 'accuracy' })).toBe(true)
  expect(improves(b, a, { minDelta: 0.2 })).toBe(false)
  expect(improves(a, a)).toBe(false)
})

test('the best epoch is the first of equals, and a loss that is no number is never best', () => {
  const history = epochs([{ validLoss: 0.5 }, { validLoss: 0.3 }, { validLoss: 0.3 }, { validLoss: Number.NaN }])
  expect(bestOf(history).epoch).toBe(1)
  expect(epochsWithoutGain(history)).toBe(2)
  expect(epochsWithoutGain([])).toBe(0)
  expect(bestOf(epochs([{ validLoss: Number.NaN }, { validLoss: 9 }])).epoch).toBe(1)
  expect(epochsWithoutGain(history, { monitor: 'accuracy' })).toBe(3)
})
