import { expect, test } from 'vitest'
import { torchvisionNames } from './names.ts'

const named = (...names: string[]): string[] => [
  ...torchvisionNames(new Map(names.map((name) => [name, { shape: [0], values: new Float32Array() }]))).keys(),
]

test('what a wrapper puts before every name goes, even twice over', () => {
  expect(named('module.conv1.weight', 'module.fc.bias')).toEqual(['conv1.weight', 'fc.bias'])
  expect(named('model.backbone.conv1.weight', 'model.backbone.fc.bias')).toEqual(['conv1.weight', 'fc.bias'])
})

test('what not every name has stays', () => {
  expect(named('backbone.conv1.weight', 'fc.bias')).toEqual(['backbone.conv1.weight', 'fc.bias'])
  expect(named('module.')).toEqual(['module.'])
  expect(named()).toEqual([])
})

test("numbered layers that are not a fastai learner's keep their numbers", () => {
  expect(named('0.weight', '1.weight')).toEqual(['0.weight', '1.weight'])
  expect(named('0.0.weight', '0.1.running_mean', '0.9.weight', '2.2.weight')).toEqual([
    'conv1.weight',
    'bn1.running_mean',
    '0.9.weight',
    '2.2.weight',
  ])
})
