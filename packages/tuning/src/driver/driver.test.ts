import { describe, expect, test } from 'vitest'
import {
  createPlan,
  type DrivenStudy,
  type DrivenTrial,
  decide,
  epochsSpent,
  type PlanOptions,
  type Pruner,
  record,
  rungsOf,
  type StudyEvent,
  stagesOf,
} from '../index.ts'
import { type Curve, simulate } from '../testing/simulate.ts'

const options: PlanOptions = {
  seed: 7,
  space: {
    rate: { kind: 'float', low: 1e-4, high: 1, log: true },
    freezeEpochs: { kind: 'int', low: 0, high: 3 },
  },
  objectives: [{ metric: 'accuracy', direction: 'maximize' }],
  epochs: 9,
  budget: { trials: 20 },
}

/** Falls with the distance of the rate from .01; rises with epochs, but for great rates only at first. */
const curve: Curve = ({ parameters }, fold, epochs) => {
  const rate = parameters.rate as number
  const late = rate > 0.1 ? 0.05 * Math.max(0, epochs - 4) : 0
  return 1 - 0.1 * Math.abs(Math.log10(rate) + 2) - 0.5 / (epochs + 1) - late - 0.001 * fold
}

const asha: Pruner = { kind: 'successiveHalving', reductionFactor: 3 }
const pruners: Pruner[] = [
  { kind: 'none' },
  { kind: 'median' },
  { kind: 'percentile', percentile: 25 },
  asha,
  { kind: 'hyperband' },
  { kind: 'patient', patience: 1, wrapped: { kind: 'median' } },
  { kind: 'threshold', lower: 0.6 },
]

const complete = ({ trials }: DrivenStudy): DrivenTrial[] => trials.filter(({ state }) => state === 'complete')

describe.each(pruners)('under $kind', (pruner) => {
  const run = simulate({ ...options, pruner, parallel: 3 }, curve)

  test('a study starts all its trials, completes some of them, and stops when they are done', () => {
    expect(run.over).toBe('trials')
    expect(run.study.trials).toHaveLength(20)
    expect(complete(run.study).length).toBeGreaterThan(0)
    const pruned = run.study.trials.filter(({ state }) => state === 'pruned').length
    expect(pruned + complete(run.study).length).toBe(20)
    expect(pruned > 0).toBe(pruner.kind !== 'none')
    expect(run.atOnce).toBe(3)
  })

  test('no epoch is trained twice, no stretch ends before the body is unfrozen, and no two trials are alike', () => {
    const next = new Map<number, number>()
    for (const [number, , from, until] of run.trained) {
      expect(from, `trial ${number}`).toBe(next.get(number) ?? 0)
      expect(until).toBeGreaterThan(run.study.trials[number]?.parameters.freezeEpochs as number)
      next.set(number, until)
    }
    expect(new Set(run.study.trials.map(({ parameters }) => JSON.stringify(parameters))).size).toBe(20)
  })

  test('a journal that was cut off anywhere goes on to the same completed trials', () => {
    const alone = simulate({ ...options, pruner }, curve)
    for (let cut = 0; cut < alone.journal.length; cut += 7) {
      const study: DrivenStudy = { plan: createPlan({ ...options, pruner }), trials: [] }
      for (const event of alone.journal.slice(0, cut)) record(study, event)
      const rest = simulate({ ...options, pruner }, curve, { study: structuredClone(study) })
      expect(rest.study.trials.map(({ values, parameters }) => [values, parameters])).toEqual(
        alone.study.trials.map(({ values, parameters }) => [values, parameters]),
      )
      // Not even an epoch that was reported is trained anew.
      const done = (events: readonly StudyEvent[]) => events.filter(({ kind }) => kind === 'reported').length
      expect(done(alone.journal.slice(0, cut)) + done(rest.journal)).toBe(done(alone.journal))
    }
  })
})

describe('halving', () => {
  test('counts its rungs down from the end, and takes those that are given', () => {
    const rungs = (change: Partial<PlanOptions>) => rungsOf(createPlan({ ...options, pruner: asha, ...change }))
    expect(rungs({ epochs: 9 })).toEqual([1, 3, 9])
    expect(rungs({ epochs: 5 })).toEqual([1, 2, 5])
    expect(rungs({ epochs: 27 })).toEqual([3, 9, 27])
    expect(rungs({ epochs: 31, pruner: { kind: 'successiveHalving', minResource: 2 } })).toEqual([2, 8, 31])
    expect(rungs({ epochs: 9, pruner: { ...asha, minEarlyStoppingRate: 1 } })).toEqual([3, 9])
    expect(rungs({ epochs: 1 })).toEqual([1])
    expect(rungs({ rungs: [2, 5] })).toEqual([2, 5, 9])
    expect(rungsOf(createPlan({ ...options, pruner: { kind: 'median' } }))).toEqual([9])
    expect(() => rungs({ rungs: [2, 9] })).toThrow('rise, below 9')
  })

  test('lets the best third of each rung go on from where they paused, and finishes about one in nine', () => {
    const { study, trained } = simulate({ ...options, pruner: asha, budget: { trials: 45 } }, curve)
    const cameTo = (stage: number) => study.trials.filter(({ results }) => results.length > stage)
    expect(cameTo(0)).toHaveLength(45)
    // At least a third; asynchronously a few more, which were among the best when they came.
    expect(cameTo(1).length).toBeGreaterThanOrEqual(15)
    expect(cameTo(1).length).toBeLessThanOrEqual(22)
    expect(complete(study).length).toBeGreaterThanOrEqual(5)
    const best = complete(study).map(({ results }) => (results[0] as number[])[0] as number)
    const all = study.trials.map(({ results }) => (results[0] as number[])[0] as number)
    expect(Math.max(...best)).toBe(Math.max(...all))
    const epochs = trained.reduce((sum, [, , from, until]) => sum + until - from, 0)
    expect(epochs).toBe(study.trials.reduce((sum, trial) => sum + epochsSpent(trial), 0))
    expect(epochs).toBeLessThan((45 * (9 + 1.5)) / 2)
  })

  test('gives up a paused trial as soon as too many are better, so that few checkpoints are kept', () => {
    const study: DrivenStudy = { plan: createPlan({ ...options, pruner: asha, budget: { trials: 6 } }), trials: [] }
    const rates = [0.01, 0.02, 0.03, 0.1]
    for (const [number, rate] of rates.entries()) {
      record(study, { kind: 'started', number, parameters: { rate, freezeEpochs: 0 } })
      record(study, { kind: 'reported', number, fold: 0, epoch: 1, value: 1 - rate })
      record(study, { kind: 'reached', number, values: [1 - rate] })
    }
    // Two of six may go on; one of four is let on now.
    expect(decide(study)).toEqual([
      { kind: 'prune', number: 2, reason: expect.stringContaining('better') },
      { kind: 'prune', number: 3, reason: expect.stringContaining('better') },
      { kind: 'continue', number: 0, fold: 0, until: 3 },
    ])
  })

  test('completes the best trial even where too few came to any rung to let one on', () => {
    const { study } = simulate({ ...options, pruner: asha, budget: { trials: 2 } }, curve)
    const [first, second] = study.trials as [DrivenTrial, DrivenTrial]
    const better = curve(first, 0, 1) > curve(second, 0, 1) ? first : second
    expect(complete(study)).toEqual([better])
  })
})

describe('folds', () => {
  test('come after the last rung, for those that it lets go on, and a complete trial has their mean', () => {
    const { study, trained } = simulate({ ...options, pruner: asha, folds: 3, budget: { trials: 27 } }, curve)
    const plan = study.plan
    expect(stagesOf(plan, 0).map(({ fold, epochs, gate }) => [fold, epochs, gate])).toEqual([
      [0, 1, true],
      [0, 3, true],
      [0, 9, true],
      [1, 9, false],
      [2, 9, false],
    ])
    const whole = complete(study)
    expect(whole.length).toBeGreaterThanOrEqual(1)
    expect(whole.length).toBeLessThanOrEqual(4)
    for (const trial of whole) {
      const mean = [0, 1, 2].reduce((sum, fold) => sum + curve(trial, fold, 9), 0) / 3
      expect(trial.values?.[0]).toBeCloseTo(mean, 12)
    }
    expect(new Set(trained.filter(([, fold]) => fold > 0).map(([number]) => number))).toEqual(
      new Set(whole.map(({ number }) => number)),
    )
  })

  test('are all trained by every trial that nobody prunes', () => {
    const { study } = simulate({ ...options, folds: 2, budget: { trials: 3 } }, curve)
    expect(complete(study)).toHaveLength(3)
    for (const { epochs, parameters } of study.trials) {
      const each = 9 + (parameters.freezeEpochs as number)
      expect(epochs).toEqual([each, each])
    }
  })
})

describe('a baseline', () => {
  test.each([asha, { kind: 'hyperband' }, { kind: 'threshold', lower: 0.99 }] as const)(
    'comes first and goes to its end under $kind, however bad it is',
    (pruner) => {
      const bad = { rate: 1e-4 }
      const { study } = simulate({ ...options, pruner, baseline: bad, parallel: 2 }, curve)
      expect(study.trials).toHaveLength(20)
      const [first] = study.trials as [DrivenTrial]
      expect(first).toMatchObject({ state: 'complete', parameters: { ...bad, freezeEpochs: expect.any(Number) } })
      expect(first.epochs[0]).toBe(9 + (first.parameters.freezeEpochs as number))
    },
  )

  test('goes on before what was enqueued begins', () => {
    const bad = { rate: 1e-4, freezeEpochs: 0 }
    const plan = createPlan({ ...options, pruner: asha, baseline: bad })
    const study: DrivenStudy = { plan, trials: [] }
    for (const parameters of [bad, { rate: 0.5 }]) record(study, { kind: 'enqueued', parameters })
    record(study, { kind: 'started', number: 0, parameters: bad })
    record(study, { kind: 'reported', number: 0, fold: 0, epoch: 1, value: 0.1 })
    record(study, { kind: 'reached', number: 0, values: [0.1] })
    expect(decide(study)).toEqual([{ kind: 'continue', number: 0, fold: 0, until: 3 }])
  })

  test('takes nobody’s place at a rung', () => {
    const plan = createPlan({ ...options, pruner: asha, baseline: { rate: 1e-4 }, budget: { trials: 3 } })
    const study: DrivenStudy = { plan, trials: [] }
    const rung = (number: number, epoch: number, value: number) => {
      record(study, { kind: 'reported', number, fold: 0, epoch, value })
      record(study, { kind: 'reached', number, values: [value] })
    }
    for (const [number, value] of [0.1, 0.3, 0.2].entries()) {
      record(study, { kind: 'started', number, parameters: { rate: 1e-4 * (number + 1), freezeEpochs: 0 } })
      rung(number, 1, value)
    }
    for (const epoch of [3, 9]) {
      record(study, { kind: 'continued', number: 0 })
      rung(0, epoch, 0.1)
    }
    // One of three may go on, and that is not the baseline, which was the worst.
    expect(decide(study)).toEqual([
      { kind: 'prune', number: 2, reason: expect.stringContaining('better') },
      { kind: 'continue', number: 1, fold: 0, until: 3 },
    ])
  })

  test('that a space does not allow is refused', () => {
    expect(() => createPlan({ ...options, baseline: { rate: 2 } })).toThrow('rate cannot be 2')
  })
})

describe('a budget', () => {
  test('of epochs is never passed, and is spent so that one trial is complete', () => {
    for (const epochs of [13, 40, 100]) {
      const { study, over } = simulate({ ...options, pruner: asha, parallel: 2, budget: { epochs } }, curve)
      const spent = study.trials.reduce((sum, trial) => sum + epochsSpent(trial), 0)
      expect(over).toBe('epochs')
      expect(spent).toBeLessThanOrEqual(epochs)
      expect(complete(study).length, `of ${epochs} epochs`).toBeGreaterThanOrEqual(1)
    }
  })

  test('of hours gives out nothing more once it is spent, and lets run what runs', () => {
    const study: DrivenStudy = { plan: createPlan({ ...options, budget: { hours: 2 } }), trials: [] }
    const [start] = decide(study, 1.99)
    expect(start).toMatchObject({ kind: 'start', number: 0, fold: 0 })
    record(study, { kind: 'started', number: 0, parameters: { rate: 0.1, freezeEpochs: 0 } })
    expect(decide(study, 2)).toEqual([])
    record(study, { kind: 'reached', number: 0, values: [0.5] })
    expect(decide(study, 2)).toEqual([{ kind: 'over', reason: 'hours' }])
    record(study, { kind: 'budgeted', budget: { trials: null, epochs: null, hours: 3 } })
    expect(decide(study, 2)).toMatchObject([{ kind: 'start', number: 1 }])
  })

  test('of combinations is the space itself', () => {
    const space = { freezeEpochs: { kind: 'int', low: 0, high: 2 } } as const
    const constant: Curve = (_, __, epochs) => epochs
    const { study, over } = simulate({ ...options, space, budget: {} }, constant)
    expect(over).toBe('exhausted')
    expect(study.trials.map(({ parameters }) => parameters.freezeEpochs).toSorted()).toEqual([0, 1, 2])
  })
})

describe('trials', () => {
  test('that were enqueued come first, with the rest drawn', () => {
    const study: DrivenStudy = { plan: createPlan({ ...options, parallel: 2 }), trials: [] }
    record(study, { kind: 'enqueued', parameters: { rate: 0.5 } })
    expect(() => record(study, { kind: 'enqueued', parameters: { rate: 2 } })).toThrow('rate cannot be 2')
    const decisions = decide(study)
    expect(decisions).toMatchObject([
      { kind: 'start', number: 0, parameters: { rate: 0.5, freezeEpochs: expect.any(Number) } },
      { kind: 'start', number: 1 },
    ])
  })

  test('of parallel workers differ from the first on', () => {
    const study: DrivenStudy = { plan: createPlan({ ...options, parallel: 12 }), trials: [] }
    const rates = decide(study).flatMap((decision) => (decision.kind === 'start' ? [decision.parameters.rate] : []))
    expect(new Set(rates).size).toBe(12)
  })

  test('that are lost go on before anything else, and fail when they are lost too often', () => {
    const study: DrivenStudy = { plan: createPlan({ ...options, pruner: asha, retries: 1 }), trials: [] }
    record(study, { kind: 'started', number: 0, parameters: { rate: 0.1, freezeEpochs: 2 } })
    record(study, { kind: 'reported', number: 0, fold: 0, epoch: 1, value: 0.3 })
    record(study, { kind: 'lost', number: 0, reason: 'killed' })
    expect(decide(study)).toEqual([{ kind: 'continue', number: 0, fold: 0, until: 3 }])
    record(study, { kind: 'continued', number: 0 })
    record(study, { kind: 'lost', number: 0, reason: 'stopped by hand', blameless: true })
    record(study, { kind: 'continued', number: 0 })
    record(study, { kind: 'lost', number: 0, reason: 'killed again' })
    expect(study.trials[0]).toMatchObject({ state: 'failed', reason: 'lost 2 times, at last: killed again' })
  })

  test('that fail are not tried again, and count as started', () => {
    const study: DrivenStudy = { plan: createPlan({ ...options, budget: { trials: 1 } }), trials: [] }
    record(study, { kind: 'started', number: 0, parameters: { rate: 0.1, freezeEpochs: 0 } })
    record(study, { kind: 'reached', number: 0, values: [null] })
    expect(study.trials[0]).toMatchObject({ state: 'failed', reason: 'its accuracy is not a number' })
    expect(decide(study)).toEqual([{ kind: 'over', reason: 'trials' }])
    expect(() => record(study, { kind: 'reached', number: 0, values: [1] })).toThrow('Trial 0 is failed')
  })
})

test('decisions that were not followed, or otherwise, leave nothing behind: a copy of the study decides the same', () => {
  const sampler = { kind: 'tpe', startupTrials: 4 } as const
  const plan = createPlan({ ...options, sampler, pruner: asha, parallel: 3, budget: { trials: 30 } })
  const study: DrivenStudy = { plan, trials: [] }
  for (let round = 0; round < 80; round++) {
    const decisions = decide(study)
    expect(decide(structuredClone(study)), `round ${round}`).toEqual(decisions)
    // Of several the first is followed, and where it starts a trial, sometimes with other parameters.
    const [decision] = decisions
    if (decision?.kind === 'prune') record(study, { ...decision, kind: 'pruned' })
    if (decision?.kind === 'continue') record(study, { ...decision, kind: 'continued' })
    if (decision?.kind === 'start') {
      const parameters = round % 3 === 0 ? { rate: 0.001 * (round + 1), freezeEpochs: 1 } : decision.parameters
      record(study, { ...decision, kind: 'started', parameters })
    }
    const running = study.trials.filter(({ state }) => state === 'running')
    if (running.length === 3 || decision?.kind === 'continue') {
      const trial = running[round % running.length] as DrivenTrial
      record(study, { kind: 'reached', number: trial.number, values: [curve(trial, 0, trial.sent)] })
    }
  }
  expect(study.trials.length).toBeGreaterThan(20)
})

test('a plan that cannot be followed is refused by the name of what is wrong', () => {
  expect(() => createPlan({ ...options, epochs: 0 })).toThrow('epochs is 0')
  expect(() => createPlan({ ...options, rungs: [1] })).toThrow('not for none')
  expect(() => createPlan({ ...options, budget: { hours: 0 } })).toThrow("budget's hours is 0")
  const space = { epochs: { kind: 'int', low: 1, high: 2 } } as const
  expect(() => createPlan({ ...options, space })).toThrow('leave it out of the space')
  const wrapped: Pruner = { kind: 'patient', patience: 1, wrapped: asha }
  expect(() => createPlan({ ...options, pruner: wrapped })).toThrow('take one of the two')
})
