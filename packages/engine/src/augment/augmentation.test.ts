import { expect, test } from 'vitest'
import { augmentationPresets, augmentationRanges, isNone, resolveAugmentation, sourceSize } from './augmentation.ts'

test('a preset is taken by its name, and numbers of one’s own differ from a preset’s', () => {
  expect(resolveAugmentation('default')).toBe(augmentationPresets.default)
  expect(resolveAugmentation({ preset: 'default', rotate: 20 })).toEqual({ ...augmentationPresets.default, rotate: 20 })
  expect(resolveAugmentation({ flipP: 1 })).toEqual({ ...augmentationPresets.none, flipP: 1 })
})

test('every preset keeps to the ranges', () => {
  for (const preset of Object.values(augmentationPresets)) {
    expect(Object.keys(preset)).toEqual(Object.keys(augmentationPresets.none))
    expect(resolveAugmentation({ ...preset })).toEqual(preset)
  }
  expect(Object.keys(augmentationRanges)).toEqual(Object.keys(augmentationPresets.none))
})

test.each([
  ['fancy', 'must be one of none, default, notebook, or an object of numbers, not "fancy"'],
  [null, 'must be one of none, default, notebook, or an object of numbers, not null'],
  [{ preset: 'fancy' }, 'preset must be one of none, default, notebook, not "fancy"'],
  [{ rotation: 20 }, 'has no field rotation (fields: preset, cropP, '],
  [{ rotate: 500 }, 'rotate must be a number from 0 to 180, not 500'],
  [{ rotate: '20' }, 'rotate must be a number from 0 to 180, not "20"'],
  [{ flipP: Number.NaN }, 'flipP must be a number from 0 to 1, not null'],
  [{ policyCount: 1.5 }, 'policyCount must be a whole number from 0 to 8, not 1.5'],
  [{ preset: 'notebook', zoomMin: 2 }, 'zoomMin 2 must not be above zoomMax 1.8'],
])('%j is refused, naming what is wrong', (input, message) => {
  expect(() => resolveAugmentation(input)).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }))
  expect(() => resolveAugmentation(input)).toThrow(message)
})

test('an augmentation is none where nothing can happen, by probability or by magnitude', () => {
  expect(isNone(resolveAugmentation('none'))).toBe(true)
  expect(isNone(resolveAugmentation({ rotate: 30, rotateP: 0 }))).toBe(true)
  for (const some of [{ rotate: 1 }, { zoomMin: 0.9 }, { cropP: 1 }, { policyCount: 1 }, { eraseP: 0.1 }])
    expect(isNone(resolveAugmentation(some))).toBe(false)
})

test('crops are cut from a larger image: 256 pixels for 224', () => {
  expect(sourceSize(resolveAugmentation({ cropP: 1 }), 224)).toBe(256)
  expect(sourceSize(resolveAugmentation('default'), 224)).toBe(224)
})
