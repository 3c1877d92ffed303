import { expect, test } from 'vitest'
import { preprocessingMetadata, readPreprocessing, type WeightsPreprocessing } from './preprocessing.ts'

test('preprocessing comes back from the metadata it was written to', () => {
  const own: WeightsPreprocessing = {
    mean: [0.5, 0.25, 0.125],
    std: [1, 2, 3],
    size: 160,
    crop: 0.95,
    interpolation: 'bicubic',
  }
  expect(readPreprocessing(preprocessingMetadata(own), 'x')).toEqual(own)
})

test('weights that say nothing have seen what ImageNet’s have', () => {
  expect(readPreprocessing({ format: 'pt' }, 'x')).toEqual({
    mean: [0.485, 0.456, 0.406],
    std: [0.229, 0.224, 0.225],
    size: 224,
    crop: 1,
    interpolation: 'bilinear',
  })
})

test.each([
  ['mean', '[1,2]'],
  ['mean', '[1,2,null]'],
  ['mean', '[1,2'],
  ['std', '[1,0,1]'],
  ['std', '"1"'],
  ['size', '0'],
  ['size', '1.5'],
  ['crop', '2'],
  ['interpolation', 'nearest'],
])('%s %s is refused, naming file and field', (key, value) => {
  expect(() => readPreprocessing({ [key]: value }, 'odd.safetensors')).toThrow(
    new RegExp(`odd\\.safetensors.*its ${key} must be`),
  )
})
