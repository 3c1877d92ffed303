import { expect, test } from 'vitest'
import { checkStudy, emptyStudy, rowOf, toStudyInput } from './start-study.ts'

const form = { ...emptyStudy, dataset: 'RGF0YXNldDox' }

test('the usual space passes, and becomes the mutation’s input with numbers and choices', () => {
  expect(checkStudy(form)).toEqual({})
  const input = toStudyInput({ ...form, hours: '1.5', trials: '', space: [rowOf('baseLr'), rowOf('schedule')] })
  expect(input).toMatchObject({
    config: { arch: 'resnet18', size: 224, batch: 64, epochs: 9 },
    space: [
      { name: 'baseLr', kind: 'float', low: 1e-4, high: 3e-2, log: true },
      {
        name: 'schedule',
        kind: 'categorical',
        choices: [{ text: 'flat_cos' }, { text: 'one_cycle' }, { text: 'cosine' }],
      },
    ],
    objectives: [{ metric: 'f1Macro' }],
    pruner: { kind: 'successiveHalving', reductionFactor: 3 },
    budget: { trials: null, hours: 1.5 },
    parallel: null,
    findRate: false,
  })
  expect(input.config).not.toHaveProperty('weights')
})

test('what cannot be searched is found before the server is asked, row by row', () => {
  const space = [
    { ...rowOf('baseLr'), low: '0' },
    { ...rowOf('mixup'), low: '1', high: '0' },
    { ...rowOf('momentum'), high: 'high' },
    { ...rowOf('schedule'), choices: ' , ' },
  ]
  expect(checkStudy({ ...form, epochs: '', trials: 'many', space })).toEqual({
    epochs: 'Must be a whole number',
    trials: 'Must be a whole number, or empty',
    space: {
      baseLr: 'A logarithmic range begins above 0',
      mixup: 'Must not end below its beginning',
      momentum: 'Must go from a number to a number',
      schedule: 'Name at least one choice',
    },
  })
  expect(checkStudy({ ...form, space: [] })).toEqual({ space: { '': 'Search at least one parameter' } })
})
