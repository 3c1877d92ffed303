import { expect, test } from 'vitest'
import { checkStudy, emptyStudy, possibleConditions, rowOf, toStudyInput, without } from './start-study.ts'

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

test('a study begins with its settings unless that is not wanted, or a grid is searched', () => {
  expect(toStudyInput(form)).toMatchObject({ baseline: true })
  expect(toStudyInput({ ...form, baseline: 'no' })).toMatchObject({ baseline: false })
  expect(toStudyInput({ ...form, sampler: 'grid' })).toMatchObject({ baseline: false })
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

test('rungs, sizes and folds go along where they are given, and the server’s defaults stay where they are not', () => {
  const input = toStudyInput({ ...form, rungs: '1, 3', sizes: ' 96,128 ', folds: '3', finalSeeds: '0', restarts: 'no' })
  expect(input).toMatchObject({ rungs: [1, 3], sizes: [96, 128], folds: 3, finalSeeds: 0, restarts: false })
  expect(toStudyInput(form)).toMatchObject({ folds: 1, finalSeeds: null, restarts: true, baseline: true })
  expect(toStudyInput(form)).not.toHaveProperty('rungs')
  expect(toStudyInput(form)).not.toHaveProperty('sizes')
  expect(checkStudy({ ...form, rungs: '1, x', sizes: '96.5', folds: '' })).toEqual({
    rungs: 'Must be whole numbers with commas between, or empty',
    sizes: 'Must be whole numbers with commas between, or empty',
    folds: 'Must be a whole number',
  })
})

const momentum = { ...rowOf('momentum'), when: { parameter: 'optimizer', is: ['sgd', 'lamb'] } }
const optimizer = rowOf('optimizer')

test('a conditional parameter comes after the one on which it depends, with those values that this one still has', () => {
  const { space } = toStudyInput({ ...form, space: [momentum, optimizer] })
  expect(space).toEqual([
    { name: 'optimizer', kind: 'categorical', choices: [{ text: 'adamw' }, { text: 'sgd' }] },
    {
      name: 'momentum',
      kind: 'float',
      low: 0.8,
      high: 0.98,
      log: false,
      when: { parameter: 'optimizer', is: [{ text: 'sgd' }] },
    },
  ])
  const gone = { ...optimizer, choices: 'adamw' }
  expect(checkStudy({ ...form, space: [momentum, gone] }).space).toEqual({
    momentum: 'Choose with which values of Optimiser it is searched',
  })
  expect(without([momentum, optimizer], 'optimizer')).toEqual([{ ...momentum, when: null }])
})

test('a parameter may depend on names only, and on none that depends on it', () => {
  const schedule = { ...rowOf('schedule'), when: { parameter: 'optimizer', is: ['sgd'] } }
  const space = [momentum, optimizer, schedule, rowOf('baseLr')]
  const names = (row: (typeof space)[number]) => possibleConditions(row, space).map(({ name }) => name)
  expect(names(momentum)).toEqual(['optimizer', 'schedule'])
  expect(names(schedule)).toEqual(['optimizer'])
  expect(names(optimizer)).toEqual([])
})

test('a grid goes by steps instead of logarithms', () => {
  const rows = [
    { ...rowOf('baseLr'), step: '0.001' },
    { ...rowOf('freezeEpochs'), log: true },
  ]
  const input = toStudyInput({ ...form, sampler: 'grid', space: rows })
  expect(input.space).toEqual([
    { name: 'baseLr', kind: 'float', low: 1e-4, high: 3e-2, step: 0.001 },
    { name: 'freezeEpochs', kind: 'int', low: 0, high: 3 },
  ])
})
