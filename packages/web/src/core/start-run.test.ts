import { expect, test } from 'vitest'
import { checkForm, emptyForm, toInput, toProblems } from './start-run.ts'

const form = { ...emptyForm, dataset: 'RGF0YXNldDox' }

test('a form with a dataset and numbers passes, and becomes the mutation’s input', () => {
  expect(checkForm(form)).toEqual({})
  expect(toInput({ ...form, name: '  baseline ', epochs: '3' })).toEqual({
    dataset: 'RGF0YXNldDox',
    name: 'baseline',
    config: { arch: 'resnet18', size: 224, batch: 64, epochs: 3, baseLr: 0.002, augmentation: { preset: 'none' } },
  })
})

test('a name or weights left empty are left to the server', () => {
  expect(toInput(form)).not.toHaveProperty('name')
  expect(toInput(form).config).not.toHaveProperty('weights')
  expect(toInput({ ...form, weights: ' resnet18 ' }).config).toMatchObject({ weights: 'resnet18' })
})

test('what is no number is found before the server is asked', () => {
  expect(Object.keys(checkForm({ ...emptyForm, size: '64px', batch: '', epochs: '1.5', baseLr: 'fast' }))).toEqual([
    'dataset',
    'size',
    'batch',
    'epochs',
    'baseLr',
  ])
})

test('the server’s issues go to their fields, and those of fields not shown are kept apart', () => {
  const seed = { field: 'config.seed', message: 'must be a whole number' }
  const { problems, rest } = toProblems([
    { field: 'config.batch', message: 'must be a whole number from 1 to 4096' },
    { field: 'name', message: 'must not be longer than 200 characters' },
    seed,
  ])
  expect(problems).toEqual({
    batch: 'Must be a whole number from 1 to 4096',
    name: 'Must not be longer than 200 characters',
  })
  expect(rest).toEqual([seed])
})
