import { expect, test } from 'vitest'
import { checkRun, emptyRun, toRunInput } from './start-run.ts'

const form = { ...emptyRun, dataset: 'RGF0YXNldDox' }

test('a form with a dataset and numbers passes, and becomes the mutation’s input', () => {
  expect(checkRun(form)).toEqual({})
  expect(toRunInput({ ...form, name: '  baseline ', epochs: '3' })).toEqual({
    dataset: 'RGF0YXNldDox',
    name: 'baseline',
    config: { arch: 'resnet18', size: 224, batch: 64, epochs: 3, baseLr: 0.002, augmentation: { preset: 'none' } },
  })
})

test('a name or weights left empty are left to the server', () => {
  expect(toRunInput(form)).not.toHaveProperty('name')
  expect(toRunInput(form).config).not.toHaveProperty('weights')
  expect(toRunInput({ ...form, weights: ' resnet18 ' }).config).toMatchObject({ weights: 'resnet18' })
})

test('what is no number is found before the server is asked', () => {
  expect(Object.keys(checkRun({ ...emptyRun, size: '64px', batch: '', epochs: '1.5', baseLr: 'fast' }))).toEqual([
    'dataset',
    'size',
    'batch',
    'epochs',
    'baseLr',
  ])
})
