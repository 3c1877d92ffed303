import { expect, test } from 'vitest'
import { compareWithBaseline } from './baseline.ts'
import type { ObjectiveMetric, TrialState } from './documents.types.ts'

const trial = (number: number, value: number, state: TrialState = 'complete') => ({ number, state, values: [value] })

const study = (
  metric: ObjectiveMetric,
  baseline: ReturnType<typeof trial> | null,
  best: ReturnType<typeof trial>,
  complete = 8,
) => ({
  objectives: [{ metric, direction: metric === 'validLoss' ? ('minimize' as const) : ('maximize' as const) }],
  best,
  baseline,
  bestInterval: null,
  counts: { waiting: 0, running: 0, paused: 0, pruned: 0, complete, failed: 0 },
})

test('the gain over the baseline has the sign and the digits of its objective', () => {
  expect(compareWithBaseline(study('validLoss', trial(0, 0.431), trial(7, 0.4189)))).toEqual({
    gain: '−0.0121',
    baseline: '0.4310',
    withinNoise: null,
  })
  expect(compareWithBaseline(study('f1Macro', trial(0, 0.852), trial(7, 0.873)))?.gain).toBe('+0.021')
  expect(compareWithBaseline(study('accuracy', trial(0, 0.852), trial(7, 0.873)))?.gain).toBe('+2.1 points')
  expect(compareWithBaseline(study('seconds', trial(0, 90), trial(7, 35)))?.gain).toBe('−55 s')
})

test('a gain is within noise where the baseline lies in the interval of the best', () => {
  const compared = study('accuracy', trial(0, 0.85), trial(7, 0.88))
  const within = (low: number) =>
    compareWithBaseline({ ...compared, bestInterval: { low, high: 0.92, n: 200 } })?.withinNoise
  expect(within(0.84)).toBe(true)
  expect(within(0.86)).toBe(false)
})

test('there is no gain while the baseline is the best, and none to tell before it and another are complete', () => {
  const first = trial(0, 0.9)
  expect(compareWithBaseline(study('accuracy', first, first))).toMatchObject({ gain: null, baseline: '90.0%' })
  const other = trial(3, 0.9)
  expect(compareWithBaseline(study('accuracy', null, other))).toBeNull()
  expect(compareWithBaseline(study('accuracy', first, first, 1))).toBeNull()
  expect(compareWithBaseline(study('accuracy', trial(0, 0.8, 'paused'), other))).toBeNull()
  const { objectives, ...rest } = study('accuracy', first, other)
  expect(compareWithBaseline({ ...rest, objectives: [...objectives, ...objectives] })).toBeNull()
})
