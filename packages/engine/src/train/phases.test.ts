import { expect, test } from 'vitest'
import { fineTunePhases, phaseOf, ratesAt } from './phases.ts'

const start = { share: 0, epoch: 0 }

test('one_cycle fine-tunes as fastai’s fine_tune: frozen at slice(base), then at half the rate over slice(base/mult, base)', () => {
  const phases = fineTunePhases({ epochs: 5, rate: 2e-3, rateDivisor: 100, schedule: 'one_cycle' })
  expect(phases).toEqual([
    {
      epochs: 1,
      rate: 2e-3,
      rateDivisor: 100,
      schedule: 'one_cycle',
      pctStart: 0.99,
      frozen: { below: 'head', norms: 'train' },
    },
    { epochs: 5, rate: 1e-3, rateDivisor: 100, schedule: 'one_cycle', pctStart: 0.3, div: 5 },
  ])
  const [frozen, whole] = phases as [(typeof phases)[0], (typeof phases)[0]]
  const at = (share: number) => ({ share, epoch: 0 })
  const near = (rates: number[], wanted: number[]): void => {
    for (const [i, rate] of rates.entries()) expect(rate / wanted[i]!).toBeCloseTo(1, 12)
  }
  near(ratesAt(frozen, at(0), 1, 0.9).rates, [2e-4 / 25, 2e-4 / 25, 2e-3 / 25])
  near(ratesAt(frozen, at(0.99), 1, 0.9).rates, [2e-4, 2e-4, 2e-3])
  near(ratesAt(whole, at(0), 1, 0.9).rates, [1e-5 / 5, 1e-4 / 5, 1e-3 / 5])
  near(ratesAt(whole, at(0.3), 1, 0.9).rates, [1e-5, 1e-4, 1e-3])
  expect(ratesAt(whole, at(0.3), 1, 0.9).beta1).toBeCloseTo(0.85, 12)
})

test('the notebook’s run: six frozen epochs that turn at their end, then flat_cos from its own share on', () => {
  const run = { epochs: 25, freezeEpochs: 6, rate: 1.405e-3, rateDivisor: 10, pctStart: 0.39954565320066476 }
  const [frozen, whole] = fineTunePhases({ ...run, schedule: 'flat_cos' })
  expect(frozen).toMatchObject({ epochs: 6, pctStart: 0.99, frozen: { below: 'head', norms: 'train' } })
  expect(ratesAt(frozen!, { share: 0.98, epoch: 5 }, 1, 0.9)).toEqual({
    rates: [1.405e-4, 1.405e-4, 1.405e-3],
    beta1: 0.9,
  })
  expect(whole).toEqual({ epochs: 25, rate: 1.405e-3, rateDivisor: 10, schedule: 'flat_cos', pctStart: run.pctStart })
  const { rates } = ratesAt(whole!, start, 1, 0.9)
  for (const [i, rate] of [1.405e-4, 4.443e-4, 1.405e-3].entries()) expect(rates[i]! / rate).toBeCloseTo(1, 4)
})

test('without frozen epochs there is one phase, as it was asked for', () => {
  const asked = { epochs: 5, rate: 2e-3, schedule: 'one_cycle', pctStart: 0.2 } as const
  expect(fineTunePhases({ ...asked, freezeEpochs: 0 })).toEqual([asked])
})

test('rates may be given by group, and a plateau takes off them only under its own schedule', () => {
  const options = { epochs: 1, rate: 1, rates: [0.1, 0.5, 2] }
  expect(ratesAt({ ...options, schedule: 'constant' }, start, 0.5, 0.9).rates).toEqual([0.1, 0.5, 2])
  expect(ratesAt({ ...options, schedule: 'plateau' }, start, 0.5, 0.9).rates).toEqual([0.05, 0.25, 1])
  expect(() => ratesAt({ ...options, rates: [0.1, 0.5] }, start, 1, 0.9)).toThrow('rates must be 3 numbers')
})

test('a body frozen in part learns by the rate’s divisor; frozen below the stem is not frozen', () => {
  const options = { epochs: 1, rate: 1, rateDivisor: 4, schedule: 'constant' } as const
  const below = (stage: 'stem' | 'layer3') => ({ ...options, frozen: { below: stage, norms: 'train' } }) as const
  expect(ratesAt(below('layer3'), start, 1, 0.9).rates).toEqual([0.25, 0.5, 1])
  expect(phaseOf(below('layer3'))).toBe('frozen')
  expect(phaseOf(below('stem'))).toBe('unfrozen')
})

test('a schedule that begins anew makes the unfrozen epochs several short ones, each complete', () => {
  const asked = { epochs: 9, rate: 1e-3, schedule: 'flat_cos', restarts: [1, 3] } as const
  const phases = fineTunePhases({ ...asked, freezeEpochs: 2 })
  expect(phases.map(({ epochs, frozen }) => [epochs, Boolean(frozen)])).toEqual([
    [2, true],
    [1, false],
    [2, false],
    [6, false],
  ])
  expect(fineTunePhases({ ...asked, freezeEpochs: 0, restarts: [9, 12] })).toMatchObject([{ epochs: 9 }])
})
