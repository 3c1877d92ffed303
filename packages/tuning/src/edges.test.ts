import { expect, test } from 'vitest'
import { createStudy, edges, type Parameters, type Space, type Study, tell } from './index.ts'
import { addTrial } from './study.ts'

const space: Space = {
  rate: { kind: 'float', low: 1e-4, high: 1e-2, log: true },
  depth: { kind: 'int', low: 1, high: 21 },
  share: { kind: 'float', low: 0, high: 1, step: 0.05 },
  kind: { kind: 'categorical', choices: ['a', 'b'] },
}

/** The first parameters are the best. */
function studyOf(trials: readonly Partial<Parameters>[]): Study {
  const study = createStudy({ space })
  trials.forEach((parameters, loss) => {
    addTrial(study, 'running', { rate: 1e-3, depth: 11, share: 0.5, kind: 'a', ...parameters } as Parameters)
    tell(study, loss, { values: loss })
  })
  return study
}

const others = Array.from({ length: 10 }, () => ({}))

test('a range at whose end most of the best trials lie is told, with a wider one', () => {
  const best = [{ rate: 9e-3, depth: 2 }, { rate: 1e-2, depth: 1 }, { rate: 8e-3, depth: 1 }, { depth: 3 }, {}]
  const study = studyOf([...best, ...others])
  expect(edges(study)).toEqual([
    // By half of two decades.
    { name: 'rate', side: 'high', hits: 3, of: 5, proposal: { low: 1e-4, high: 0.1 } },
    { name: 'depth', side: 'low', hits: 3, of: 5, proposal: { low: -10, high: 21 } },
  ])
  const limits = { rate: { low: 1e-8, high: 0.05 }, depth: { low: 1, high: 100 } }
  expect(edges(study, { limits })).toMatchObject([{ proposal: { low: 1e-4, high: 0.05 } }, { proposal: null }])
})

test('a stepped range is widened by whole steps', () => {
  const study = studyOf([{ share: 1 }, { share: 1 }, { share: 0.95 }, {}, {}, ...others])
  expect(edges(study)).toEqual([{ name: 'share', side: 'high', hits: 3, of: 5, proposal: { low: 0, high: 1.55 } }])
})

test('nothing is told of two in five, of worse trials, nor before there are ten', () => {
  expect(edges(studyOf([{ rate: 1e-2 }, { rate: 1e-2 }, {}, {}, {}, ...others]))).toEqual([])
  expect(edges(studyOf([...others, ...others.map(() => ({ rate: 1e-2 }))]))).toEqual([])
  expect(edges(studyOf(Array.from({ length: 9 }, () => ({ rate: 1e-2 }))))).toEqual([])
})
