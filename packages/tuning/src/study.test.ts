import { describe, expect, test } from 'vitest'
import {
  ask,
  baselineOf,
  createStudy,
  enqueue,
  type Parameters,
  readStudy,
  report,
  type Sampler,
  type Space,
  type Study,
  shouldPrune,
  type Trial,
  tell,
  writeStudy,
} from './index.ts'
import { mulberry32, SPACE } from './testing/formula.ts'

const UNIT = { x: { kind: 'float', low: 0, high: 1 } } as const
const SAMPLERS: Sampler[] = [
  { kind: 'random' },
  { kind: 'sobol' },
  { kind: 'tpe', startupTrials: 4 },
  { kind: 'tpe', startupTrials: 4, model: 'univariate' },
  { kind: 'tpe', startupTrials: 4, model: 'multivariate' },
]

/** Asks and tells `trials` times; the loss is whatever is done with the parameters. */
function run(study: Study, trials: number, loss: (parameters: Parameters) => number): Parameters[] {
  return Array.from({ length: trials }, () => {
    const trial = ask(study)
    if (trial === null) throw new Error('nothing is left to try')
    tell(study, trial.number, { values: loss(trial.parameters) })
    return trial.parameters
  })
}

const sumOfNumbers = (parameters: Parameters) =>
  Object.values(parameters).reduce<number>((sum, value) => sum + (typeof value === 'number' ? value : 0), 0)

describe('tell', () => {
  const running = (directions: ('minimize' | 'maximize')[] = ['minimize']) => {
    const study = createStudy({ space: UNIT, directions })
    ask(study)
    return study
  }

  test('completes a trial with its values, infinite ones too', () => {
    const study = running(['minimize', 'maximize'])
    expect(tell(study, 0, { values: [1, Infinity] })).toMatchObject({ state: 'complete', values: [1, Infinity] })
  })

  test('without a state makes a trial failed whose values are NaN, too few or missing', () => {
    expect(tell(running(), 0, { values: Number.NaN })).toMatchObject({
      state: 'failed',
      failure: 'a value is not a number',
    })
    expect(tell(running(), 0, { values: [1, 2] })).toMatchObject({ state: 'failed', values: null })
    expect(tell(running(), 0, {})).toMatchObject({ state: 'failed', failure: 'no values were told' })
  })

  test('with the state complete refuses such values, and the trial runs on', () => {
    const study = running()
    expect(() => tell(study, 0, { state: 'complete', values: Number.NaN })).toThrow(
      'cannot be complete: a value is not',
    )
    expect(study.trials[0]?.state).toBe('running')
  })

  test('keeps the report of the highest step as the value of a pruned trial, unless it is NaN', () => {
    const study = running()
    report(study, 0, 3, 0.25)
    report(study, 0, 1, 0.75)
    expect(tell(study, 0, { state: 'pruned' }).values).toEqual([0.25])
    ask(study)
    report(study, 1, 0, Number.NaN)
    expect(tell(study, 1, { state: 'pruned' }).values).toBeNull()
  })

  test('refuses values of pruned and failed trials, and trials that are finished, waiting or unknown', () => {
    const study = running()
    expect(() => tell(study, 0, { state: 'failed', values: 1 })).toThrow('leave out its values')
    tell(study, 0, { values: 1 })
    expect(() => tell(study, 0, { values: 2 })).toThrow('Trial 0 is complete already')
    expect(tell(study, 0, { values: 2, skipIfFinished: true }).values).toEqual([1])
    enqueue(study, { x: 0.5 })
    expect(() => tell(study, 1, { values: 1, skipIfFinished: true })).toThrow('Trial 1 is waiting')
    expect(() => tell(study, 2, { values: 1 })).toThrow('There is no trial 2')
  })

  test('reports a step once: a trial that was resumed may repeat itself', () => {
    const study = running()
    report(study, 0, 1, 0.5)
    report(study, 0, 1, 0.9)
    expect(study.trials[0]?.reports).toEqual([{ step: 1, value: 0.5 }])
    expect(() => report(study, 0, -1, 0)).toThrow('a step is an integer from 0')
  })

  test('several objectives neither report nor prune', () => {
    const study = running(['minimize', 'maximize'])
    expect(() => report(study, 0, 0, 1)).toThrow('takes no reports')
    expect(() =>
      createStudy({ space: UNIT, directions: ['minimize', 'maximize'], pruner: { kind: 'median' } }),
    ).toThrow('cannot prune')
  })
})

describe('ask', () => {
  test.each(SAMPLERS)('with $kind draws only what the space has', (sampler) => {
    const study = createStudy({ space: SPACE, sampler })
    for (const parameters of run(study, 40, sumOfNumbers)) {
      expect(Object.keys(parameters)).toEqual(Object.keys(SPACE))
      const { a_float, b_log, c_step, d_int, e_log_int, f_int_step, g_choice } = parameters as Record<string, number>
      expect(a_float).toBeGreaterThanOrEqual(-1.5)
      expect(a_float).toBeLessThanOrEqual(2.5)
      expect(b_log).toBeGreaterThanOrEqual(1e-5)
      expect(b_log).toBeLessThanOrEqual(1e-1)
      expect((c_step as number) % 0.125).toBe(0)
      expect(Number.isInteger(d_int) && (d_int as number) >= 3 && (d_int as number) <= 40).toBe(true)
      expect(Number.isInteger(e_log_int) && (e_log_int as number) >= 1 && (e_log_int as number) <= 200).toBe(true)
      expect((f_int_step as number) % 32).toBe(0)
      expect(['sgd', 'adam', 'adamw']).toContain(g_choice)
    }
  })

  test.each(SAMPLERS)(
    'with $kind says the same after the same history, and goes on so after being read back',
    (sampler) => {
      const make = () => createStudy({ space: SPACE, sampler, seed: 7, pruner: { kind: 'median' } })
      const whole = make()
      const all = run(whole, 30, sumOfNumbers)
      const first = make()
      run(first, 15, sumOfNumbers)
      const resumed = JSON.parse(JSON.stringify(first)) as Study
      expect(run(resumed, 15, sumOfNumbers)).toEqual(all.slice(15))
      expect(resumed).toEqual(whole)
      expect(run(createStudy({ space: SPACE, sampler, seed: 8 }), 1, sumOfNumbers)).not.toEqual(all.slice(0, 1))
    },
  )

  test('gives parallel workers different trials: the number decides, not how often a worker drew', () => {
    const study = createStudy({ space: SPACE, seed: 1 })
    const asked = Array.from({ length: 20 }, () => JSON.stringify(ask(study)?.parameters))
    expect(new Set(asked).size).toBe(20)
  })

  test('gives out what was enqueued first, and draws what that leaves open', () => {
    const study = createStudy({ space: SPACE })
    enqueue(study, { d_int: 17, g_choice: 'adam' })
    expect(ask(study)).toMatchObject({ number: 0, state: 'running', parameters: { d_int: 17, g_choice: 'adam' } })
    expect(Object.keys(study.trials[0]?.parameters ?? {})).toHaveLength(7)
    expect(ask(study)?.number).toBe(1)
    expect(() => enqueue(study, { d_int: 41 })).toThrow('d_int cannot be 41')
    expect(() => enqueue(study, { depth: 1 })).toThrow('depth is not of the search space')
  })

  test.each<Sampler>([...SAMPLERS, { kind: 'grid' }])(
    'with $kind tries each of 24 combinations once, then has none left, even where one is best by far',
    (sampler) => {
      const study = createStudy({
        sampler,
        space: {
          a: { kind: 'int', low: 1, high: 4 },
          b: { kind: 'categorical', choices: ['x', true, null] },
          c: { kind: 'float', low: 0, high: 0.5, step: 0.5 },
        },
      })
      const tried = run(study, 24, ({ a, b }) => (a === 2 && b === true ? -100 : 0)).map((p) => JSON.stringify(p))
      expect(new Set(tried).size).toBe(24)
      expect(ask(study)).toBeNull()
    },
  )

  test('a grid takes the values it is given, in an order of the seed', () => {
    const sampler = { kind: 'grid', values: { x: [0, 0.5, 1] } } as const
    const order = (seed: number) => run(createStudy({ space: UNIT, sampler, seed }), 3, sumOfNumbers).map(({ x }) => x)
    expect(order(1).toSorted()).toEqual([0, 0.5, 1])
    expect(new Set([1, 2, 3, 4, 5].map((seed) => order(seed).join())).size).toBeGreaterThan(1)
    expect(() => createStudy({ space: UNIT, sampler: { kind: 'grid' } })).toThrow('x has no steps')
    expect(() => createStudy({ space: UNIT, sampler: { kind: 'grid', values: { x: [2] } } })).toThrow(
      'x 2, out of its space',
    )
  })
})

test('what failed is not suggested again, but may be tried again on purpose', () => {
  const study = createStudy({ space: { a: { kind: 'int', low: 1, high: 2 } } })
  const lost = ask(study) as Trial
  tell(study, lost.number, { state: 'failed', failure: 'its worker was lost' })
  const other = ask(study) as Trial
  expect(other.parameters).not.toEqual(lost.parameters)
  expect(ask(study)).toBeNull()
  enqueue(study, lost.parameters)
  expect(ask(study)).toMatchObject({ number: 2, state: 'running', parameters: lost.parameters })
})

describe('a conditional parameter', () => {
  const space = {
    optimizer: { kind: 'categorical', choices: ['sgd', 'adam'] },
    momentum: { kind: 'float', low: 0, high: 1, when: { parameter: 'optimizer', is: ['sgd'] } },
    nesterov: { kind: 'categorical', choices: [true, false], when: { parameter: 'optimizer', is: ['sgd'] } },
    beta: { kind: 'float', low: 0.5, high: 1, when: { parameter: 'optimizer', is: ['adam'] } },
  } as const

  test.each(SAMPLERS)('exists with $kind only where its condition holds', (sampler) => {
    const study = createStudy({ space, sampler })
    const names = run(study, 60, sumOfNumbers).map((parameters) => Object.keys(parameters).join())
    expect(new Set(names)).toEqual(new Set(['optimizer,momentum,nesterov', 'optimizer,beta']))
  })

  test('is counted once in a grid where it does not exist', () => {
    const study = createStudy({
      sampler: { kind: 'grid', values: { momentum: [0, 0.9], beta: [0.9] } },
      space,
    })
    run(study, 5, sumOfNumbers)
    expect(ask(study)).toBeNull()
  })

  test('must follow what it depends on, for a value that can be', () => {
    const { optimizer, momentum } = space
    expect(() => createStudy({ space: { momentum, optimizer } })).toThrow('momentum depends on optimizer: declare')
    const never = { ...momentum, when: { parameter: 'optimizer', is: ['lion'] } }
    expect(() => createStudy({ space: { optimizer, never } })).toThrow('"lion", which it never is')
    expect(() => enqueue(createStudy({ space }), { optimizer: 'adam', momentum: 0.5 })).toThrow(
      'momentum does not exist',
    )
  })
})

describe('TPE', () => {
  test('finds a better minimum than random draws', () => {
    const loss = ({ x, y }: Parameters) => ((x as number) - 0.7) ** 2 + ((y as number) - 0.2) ** 2
    const space = { ...UNIT, y: { kind: 'float', low: 0, high: 1 } } as const
    const bests = (sampler: Sampler) =>
      Array.from({ length: 15 }, (_, seed) => {
        const study = createStudy({ space, sampler, seed })
        run(study, 60, loss)
        return Math.min(...study.trials.map(({ values }) => (values as number[])[0] as number))
      }).toSorted((a, b) => a - b)[7] as number
    const random = bests({ kind: 'random' })
    expect(bests({ kind: 'tpe' })).toBeLessThan(random / 4)
    expect(bests({ kind: 'tpe', model: 'univariate' })).toBeLessThan(random / 2)
  })

  test('a liar keeps parallel trials apart', () => {
    const spread = (constantLiar: boolean) => {
      const study = createStudy({ space: UNIT, sampler: { kind: 'tpe', constantLiar, model: 'univariate' }, seed: 4 })
      run(study, 30, ({ x }) => Math.abs((x as number) - 0.5))
      const xs = Array.from({ length: 12 }, () => ask(study)?.parameters.x as number)
      const mean = xs.reduce((sum, x) => sum + x / 12, 0)
      return xs.reduce((sum, x) => sum + (x - mean) ** 2, 0)
    }
    expect(spread(true)).toBeGreaterThan(spread(false))
  })

  test('learns from pruned trials, those that came further first, and never from failed ones', () => {
    const study = createStudy({ space: UNIT, sampler: { kind: 'tpe', startupTrials: 4 }, pruner: { kind: 'median' } })
    const draw = mulberry32(2)
    for (let i = 0; i < 40; i++) {
      const { number, parameters } = ask(study) as Trial
      if (i % 5 === 4) tell(study, number, { state: 'failed' })
      else {
        for (let step = 0; step < 4; step++)
          report(study, number, step, Math.abs((parameters.x as number) - 0.25) + 0.01 * draw())
        shouldPrune(study, number)
        tell(study, number, { state: 'pruned' })
      }
    }
    const late = study.trials.slice(30).map(({ parameters }) => Math.abs((parameters.x as number) - 0.25))
    expect(late.toSorted((a, b) => a - b)[5]).toBeLessThan(0.15)
  })

  test('splits all trials first: where no good one has a parameter, nothing is known of its good values', () => {
    const study = createStudy({
      space: {
        optimizer: { kind: 'categorical', choices: ['sgd', 'adam'] },
        momentum: { kind: 'float', low: 0, high: 1, when: { parameter: 'optimizer', is: ['sgd'] } },
      },
      sampler: { kind: 'tpe', constantLiar: false },
    })
    for (let i = 0; i < 60; i++) {
      enqueue(study, { optimizer: i % 2 ? 'sgd' : 'adam' })
      const { number, parameters } = ask(study) as Trial
      const bad = Math.abs((parameters.momentum as number) - 0.5)
      tell(study, number, { values: i % 2 ? 10 + bad : 0 })
    }
    const drawn = Array.from({ length: 40 }, () => {
      enqueue(study, { optimizer: 'sgd' })
      return (ask(study) as Trial).parameters.momentum as number
    })
    // Near the best of those seen, 0.5, if they were split by themselves; anywhere as it is.
    expect(drawn.filter((momentum) => Math.abs(momentum - 0.5) > 0.25).length).toBeGreaterThan(12)
  })

  test('goes on after infinite losses of several objectives', () => {
    const study = createStudy({ space: SPACE, directions: ['minimize', 'minimize'], seed: 3 })
    for (let i = 0; i < 40; i++) {
      const trial = ask(study) as Trial
      const x = trial.parameters.a_float as number
      tell(study, trial.number, {
        values: i % 3 === 0 ? [Infinity, -x] : [x * x, i % 4 === 0 ? Infinity : (x - 1) ** 2],
      })
      expect(Number.isFinite(x)).toBe(true)
    }
  })

  test('spreads over the front of several objectives', () => {
    const study = createStudy({ space: UNIT, directions: ['minimize', 'maximize'], seed: 2 })
    for (let i = 0; i < 60; i++) {
      const { number, parameters } = ask(study) as Trial
      const x = 4 * (parameters.x as number) - 1
      tell(study, number, { values: [x * x, -((x - 1) ** 2)] })
    }
    // All of x in [0, 1] is the front; the space goes from −1 to 3.
    const late = study.trials.slice(20).map(({ parameters }) => 4 * (parameters.x as number) - 1)
    expect(late.filter((x) => x > -0.1 && x < 1.1).length).toBeGreaterThan(24)
  })
})

test('a space is refused where something cannot be drawn, by name', () => {
  const refuse = (parameter: object) => () => createStudy({ space: { x: parameter as never } })
  expect(refuse({ kind: 'float', low: 1, high: 0 })).toThrow('x goes from 1 to 0')
  expect(refuse({ kind: 'float', low: 0, high: 1, log: true })).toThrow('low must be above 0')
  expect(refuse({ kind: 'float', low: 1, high: 2, log: true, step: 0.5 })).toThrow('both log and a step')
  expect(refuse({ kind: 'int', low: 0, high: 1.5 })).toThrow('all three must be integers')
  expect(refuse({ kind: 'categorical', choices: [] })).toThrow('x has no choices')
  expect(refuse({ kind: 'categorical', choices: ['a', 'a'] })).toThrow('a choice twice')
  expect(refuse({ kind: 'double', low: 0, high: 1 })).toThrow('x is of the kind double')
  expect(() => createStudy({ space: {} })).toThrow('The search space is empty')
  expect(() => createStudy({ space: UNIT, sampler: { kind: 'cma' } as never })).toThrow('There is no sampler cma')
  expect(() => createStudy({ space: UNIT, sampler: { kind: 'tpe', candidates: 0 } })).toThrow(
    "sampler's candidates is 0",
  )
  expect(() => createStudy({ space: UNIT, pruner: { kind: 'wilcoxon' } as never })).toThrow(
    'There is no pruner wilcoxon',
  )
  expect(() => createStudy({ space: UNIT, seed: -1 })).toThrow('The seed is -1')
})

describe('a baseline', () => {
  const space: Space = {
    rate: { kind: 'float', low: 1e-4, high: 1, log: true },
    steps: { kind: 'int', low: 0, high: 100 },
    kind: { kind: 'categorical', choices: ['a', 'b', 'c', 'd'] },
    free: { kind: 'float', low: 0, high: 1 },
    only: { kind: 'float', low: 0, high: 1, when: { parameter: 'kind', is: ['b'] } },
  }

  test('is what settings say of the space, where it allows them and they exist', () => {
    const settings = { rate: 0.1, steps: 2.5, kind: 'a', only: 0.5, other: 1 }
    expect(baselineOf(space, settings)).toEqual({ rate: 0.1, kind: 'a' })
    expect(baselineOf(space, { kind: 'b', only: 0.5 })).toEqual({ kind: 'b', only: 0.5 })
  })

  test('is the first trial, what it leaves open drawn; TPE begins around it, and others as they would', () => {
    const baseline = { rate: 0.01, steps: 90, kind: 'c' }
    const first = (sampler: Sampler, seed: number, given: object = { baseline }) =>
      run(createStudy({ space, sampler, seed, ...given }), 10, sumOfNumbers)
    const near: Parameters[] = []
    for (let seed = 0; seed < 40; seed++) {
      const [zeroth, ...others] = first({ kind: 'tpe' }, seed)
      expect(zeroth).toEqual({ ...baseline, free: expect.any(Number) })
      near.push(...others)
    }
    const values = (name: string) => near.map((parameters) => parameters[name] as number)
    const mean = (numbers: number[]) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length
    // 360 draws: of the cut normal around 90 with σ 20.2 in [-.5, 100.5], whose mean is 79.9 and σ 14.2; of a choice 1/2 + 1/8.
    expect(Math.abs(mean(values('steps')) - 79.9)).toBeLessThan((4 * 14.2) / Math.sqrt(360))
    const stayed = near.filter(({ kind }) => kind === 'c').length / 360
    expect(Math.abs(stayed - 5 / 8)).toBeLessThan(4 * Math.sqrt(15 / 64 / 360))
    // In the middle of its logarithm: as many below as above.
    const below = values('rate').filter((rate) => rate < 0.01).length / 360
    expect(Math.abs(below - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / 360))
    expect(first({ kind: 'random' }, 3).slice(1)).toEqual(first({ kind: 'random' }, 3, {}).slice(1))
  })

  test('lives in what is written of a study, and a space that does not allow it is refused', () => {
    const study = createStudy({ space, baseline: { rate: 0.01 } })
    expect(readStudy(writeStudy(study))).toEqual(study)
    expect(() => createStudy({ space, baseline: { rate: 2 } })).toThrow('rate cannot be 2')
  })
})
