import { describe, expect, test } from 'vitest'
import { createStudy, enqueue, type Study, type TrialState } from '../study.ts'
import { mulberry32, readGolden } from '../testing/formula.ts'
import { goodCount, splitTrials } from './split.ts'

interface Case {
  history: number
  told: number
  below: number[]
  above: number[]
  weights: number[] | null
}

/** The history of make_goldens.py: trials of every state, with constraints or two objectives in some. */
function studyOf(history: number): Study {
  const draw = mulberry32(3000 + history)
  const objectives = history % 4 === 3 ? 2 : 1
  const study = createStudy({
    space: { x: { kind: 'float', low: 0, high: 1 } },
    directions: ([history % 2 ? 'maximize' : 'minimize', 'minimize'] as const).slice(0, objectives),
  })
  const trials = [7, 12, 30, 31, 45][history % 5] as number
  for (let number = 0; number < trials; number++) {
    const trial = enqueue(study, { x: 0.5 })
    const kind = draw()
    const steps = Math.floor(draw() * 4)
    for (let step = 0; step < steps; step++) {
      const v = draw()
      if (objectives === 1) trial.reports.push({ step, value: v < 0.1 ? Number.NaN : Math.floor(v * 20) / 20 })
    }
    const values = Array.from({ length: objectives }, () => Math.floor(draw() * 20) / 20)
    const constraints = [0, 1].map(() => Math.floor((draw() - 0.6) * 10) / 10)
    const told = draw() < 0.9
    const state: TrialState = kind < 0.6 ? 'complete' : kind < 0.8 ? 'pruned' : kind < 0.9 ? 'failed' : 'running'
    trial.state = state
    if (state === 'complete') trial.values = values
    if (history % 4 === 2 && told && state !== 'running') trial.constraints = constraints
  }
  return study
}

describe('good and other trials', () => {
  test.each(readGolden<Case[]>('splits'))('of history $history are those of Optuna', (golden) => {
    const split = splitTrials(studyOf(golden.history), true)
    expect(split.told).toBe(golden.told)
    // Optuna leaves those of several objectives in the order in which it chose them.
    const below = golden.below.map((number, i) => ({ number, weight: golden.weights?.[i] ?? 1 }))
    below.sort((a, b) => a.number - b.number)
    expect(split.below.map(({ number }) => number)).toEqual(below.map(({ number }) => number))
    expect(split.above.map(({ number }) => number)).toEqual(golden.above)
    expect(split.belowWeights === null).toBe(golden.weights === null)
    below.forEach(({ weight }, i) => {
      expect(split.belowWeights?.[i] ?? 1).toBeCloseTo(weight, 9)
    })
  })

  test('are a tenth of those told and at most 25', () => {
    expect([0, 1, 10, 11, 30, 250, 10_000].map(goodCount)).toEqual([0, 1, 1, 2, 3, 25, 25])
  })

  test('leave running trials out unless a liar says how they end', () => {
    const study = studyOf(0)
    const running = study.trials.filter(({ state }) => state === 'running').length
    expect(running).toBeGreaterThan(0)
    expect(splitTrials(study, true).above.length - splitTrials(study, false).above.length).toBe(running)
  })
})
