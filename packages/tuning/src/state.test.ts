import { describe, expect, test } from 'vitest'
import {
  ask,
  bestTrial,
  createStudy,
  paretoFront,
  readStudy,
  report,
  resumableTrial,
  resume,
  shouldPrune,
  tell,
  writeStudy,
} from './index.ts'

const SPACE = { x: { kind: 'float', low: 0, high: 1 } } as const

describe('a study that was written and read back', () => {
  test('is the same, with NaN and infinities', () => {
    const study = createStudy({ space: SPACE, pruner: { kind: 'successiveHalving', minResource: 1 } })
    ask(study)
    report(study, 0, 0, Number.NaN)
    report(study, 0, 1, -Infinity)
    shouldPrune(study, 0)
    tell(study, 0, { values: Infinity, constraints: [-1, Infinity] })
    ask(study)
    expect(study.trials[0]).toMatchObject({ values: [Infinity], rungs: [-Infinity], constraints: [-1, Infinity] })
    expect(readStudy(writeStudy(study))).toEqual(study)
  })

  test('must be one', () => {
    expect(() => readStudy('{')).toThrow('not a study that writeStudy wrote')
    expect(() => readStudy('{"trials": [{}]}')).toThrow('not a study that writeStudy wrote')
    const study = createStudy({ space: SPACE })
    ask(study)
    expect(() => readStudy(writeStudy(study).replace('"number":0', '"number":4'))).toThrow(
      'Trial 4 of the study stands',
    )
    expect(() => readStudy(writeStudy(study).replace('"low":0', '"low":2'))).toThrow('x goes from 2 to 1')
  })
})

describe('the best', () => {
  test('is the first of equals that is complete and feasible', () => {
    const study = createStudy({ space: SPACE, directions: ['maximize'] })
    expect(bestTrial(study)).toBeNull()
    for (let i = 0; i < 5; i++) ask(study)
    tell(study, 0, { values: 1, constraints: [0] })
    tell(study, 1, { values: 5, constraints: [0.5] })
    tell(study, 2, { values: 3, constraints: [-1] })
    tell(study, 3, { values: 3, constraints: [0] })
    tell(study, 4, { state: 'failed' })
    expect(bestTrial(study)?.number).toBe(2)
  })

  test('of several objectives are those that none dominates', () => {
    const study = createStudy({ space: SPACE, directions: ['minimize', 'maximize'] })
    const values = [
      [1, 1],
      [2, 3],
      [2, 2],
      [3, 3],
    ]
    for (const pair of values) tell(study, ask(study)?.number as number, { values: pair })
    expect(paretoFront(study).map(({ number }) => number)).toEqual([0, 1])
  })
})

test('a trial that successive halving stopped goes on once enough worse ones came after it', () => {
  const study = createStudy({
    space: SPACE,
    pruner: { kind: 'successiveHalving', minResource: 1, reductionFactor: 2 },
  })
  const stopAt = (loss: number) => {
    const { number } = ask(study) as { number: number }
    report(study, number, 1, loss)
    const prune = shouldPrune(study, number)
    if (prune) tell(study, number, { state: 'pruned' })
    return prune
  }
  expect([stopAt(0.1), stopAt(0.3)]).toEqual([false, true])
  expect(resumableTrial(study)).toBeNull()
  expect([stopAt(0.8), stopAt(0.9)]).toEqual([true, true])
  expect(resumableTrial(study)?.number).toBe(1)
  resume(study, 1)
  expect(resumableTrial(study)).toBeNull()
  report(study, 1, 2, 0.2)
  expect(shouldPrune(study, 1)).toBe(false)
  expect(tell(study, 1, { values: 0.2 })).toMatchObject({ state: 'complete', rungs: [0.3, 0.2] })
  expect(() => resume(study, 1)).toThrow('Trial 1 is complete: only a pruned trial can go on')
})
