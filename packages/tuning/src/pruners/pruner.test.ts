import { describe, expect, test } from 'vitest'
import { ask } from '../ask.ts'
import { createStudy, type Study } from '../study.ts'
import { report, tell } from '../tell.ts'
import { mulberry32, readGolden } from '../testing/formula.ts'
import { bracketBudgets, bracketOf } from './hyperband.ts'
import { type Pruner, shouldPrune } from './pruner.ts'

/** By the goldens' names: the settings of history h. */
const PRUNERS: Record<string, (h: number) => Pruner> = {
  median: (h) => ({
    kind: 'median',
    startupTrials: h % 4,
    warmupSteps: h % 3,
    intervalSteps: 1 + (h % 2),
    minTrials: 1 + (h % 2),
  }),
  percentile: (h) => ({ kind: 'percentile', percentile: [10, 25, 75][h % 3] as number, startupTrials: 1 }),
  successiveHalving: (h) => ({
    kind: 'successiveHalving',
    minResource: 1 + (h % 2),
    reductionFactor: 2 + (h % 3),
    minEarlyStoppingRate: h % 2,
    bootstrapCount: h % 3,
  }),
  successiveHalvingLearned: () => ({ kind: 'successiveHalving', reductionFactor: 2 }),
  hyperband: (h) => ({ kind: 'hyperband', minResource: 1, maxResource: 9 + (h % 4), reductionFactor: 2 + (h % 2) }),
  hyperbandLearned: () => ({ kind: 'hyperband' }),
  patient: (h) => ({
    kind: 'patient',
    wrapped: { kind: 'median', startupTrials: 1 },
    patience: h % 3,
    minDelta: 0.1 * (h % 2),
  }),
  patientAlone: () => ({ kind: 'patient', wrapped: null, patience: 1 }),
  threshold: (h) => ({
    kind: 'threshold',
    lower: 0.05,
    upper: 0.9,
    warmupSteps: h % 3,
    intervalSteps: 1 + (h % 3),
  }),
}

const study = (pruner: Pruner, h: number): Study =>
  createStudy({
    name: `history ${h}`,
    directions: [h % 2 ? 'maximize' : 'minimize'],
    space: { x: { kind: 'float', low: 0, high: 1 } },
    sampler: { kind: 'random' },
    pruner,
  })

/** The history of make_goldens.py: four trials report in turns; the decisions as bits of a number in base 16. */
function decisionsOf(study: Study, h: number): string {
  const draw = mulberry32(4000 + h)
  const running: { number: number; step: number }[] = []
  let bits = '1'
  for (let event = 0; event < 120; event++) {
    if (running.length < 4) running.push({ number: ask(study)?.number as number, step: 0 })
    const pick = Math.floor(draw() * running.length)
    const turn = running[pick] as { number: number; step: number }
    const { number, step } = turn
    const v = draw()
    report(study, number, step, v < 0.03 ? Number.NaN : Math.floor(v * 50) / 50)
    turn.step = step + 1 + Math.floor(draw() * 2)
    const prune = shouldPrune(study, number)
    bits += prune ? '1' : '0'
    if (prune && draw() < 0.9) {
      tell(study, number, { state: 'pruned' })
      running.splice(pick, 1)
    } else if (step >= 11) {
      tell(study, number, { values: draw() })
      running.splice(pick, 1)
    }
  }
  return BigInt(`0b${bits}`).toString(16)
}

describe('decisions on 200 histories are those of Optuna 3.1', () => {
  test.each(Object.entries(readGolden<Record<string, string[]>>('pruners')))('%s', (name, decisions) => {
    expect(decisions).toHaveLength(200)
    decisions.forEach((expected, h) => {
      const pruner = (PRUNERS[name] as (h: number) => Pruner)(h)
      expect(decisionsOf(study(pruner, h), h), `history ${h}`).toBe(expected)
    })
  })
})

describe('Hyperband', () => {
  test('has brackets of falling budgets, for 27 steps and for 25', () => {
    expect(bracketBudgets(4, 3)).toEqual([27, 12, 6, 4])
    expect(bracketBudgets(3, 3)).toEqual([9, 5, 3])
  })

  test('spreads trials over brackets in proportion to the budgets', () => {
    const budgets = [27, 12, 6, 4]
    const counts = [0, 0, 0, 0]
    const n = 4900
    for (let i = 0; i < n; i++) {
      const bracket = bracketOf('a study', i, budgets)
      counts[bracket] = (counts[bracket] as number) + 1
    }
    counts.forEach((count, b) => {
      const share = (budgets[b] as number) / 49
      expect(Math.abs(count - n * share)).toBeLessThan(5 * Math.sqrt(n * share * (1 - share)))
    })
  })
})

test('what a pruner learned from the first trials is kept with the study: later trials do not move the rungs', () => {
  const learning = study({ kind: 'successiveHalving' }, 0)
  const run = (last: number) => {
    const { number } = ask(learning) as { number: number }
    report(learning, number, last, 0.5)
    shouldPrune(learning, number)
    tell(learning, number, { values: 0.5 })
  }
  run(250)
  expect(learning.learned).toEqual({})
  run(900)
  expect(learning.learned).toEqual({ minResource: 2 })
  run(10)
  expect(learning.learned).toEqual({ minResource: 2 })
})

test('a setting out of its range is named', () => {
  expect(() => study({ kind: 'percentile', percentile: 120 }, 0)).toThrow("The pruner's percentile is 120")
  expect(() => study({ kind: 'successiveHalving', bootstrapCount: 1 }, 0)).toThrow(
    'bootstrapCount needs a given resource',
  )
  expect(() => study({ kind: 'threshold' }, 0)).toThrow('A threshold needs lower or upper')
  expect(() => study({ kind: 'patient', patience: 1, wrapped: { kind: 'hyperband', reductionFactor: 1 } }, 0)).toThrow(
    "The pruner's reductionFactor is 1",
  )
})
