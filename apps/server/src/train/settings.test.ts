import { parseRunConfig, type RunConfigInput } from '@sporeprint/api'
import { augmentationPresets, augmentationRanges, resolveAugmentation } from '@sporeprint/engine'
import { describe, expect, test } from 'vitest'
import { settings, withDefaults } from './settings.ts'

/** Whether the API takes this value, all else being default; one epoch keeps 0 frozen epochs legal. */
function apiAccepts(name: string, value: unknown): boolean {
  try {
    parseRunConfig({ freezeEpochs: 1, epochs: 1, [name]: value } as RunConfigInput)
    return true
  } catch {
    return false
  }
}

describe("the command line's settings", () => {
  test('have the defaults of the API, with and without weights', () => {
    for (const given of [{}, { weights: 'a.pth' }, { schedule: 'one_cycle' as const }]) {
      const { augment, ...settings } = withDefaults(given)
      expect({ ...settings, augmentation: resolveAugmentation(augment) }).toEqual(parseRunConfig(given))
    }
    expect(withDefaults({})).toMatchObject({ freezeEpochs: 0, lrMult: 1 })
    expect(withDefaults({ weights: 'a.pth' })).toMatchObject({ freezeEpochs: 1, lrMult: 10 })
    expect(withDefaults({ weights: 'a.pth', freezeEpochs: 3 }).freezeEpochs).toBe(3)
    expect(withDefaults({ schedule: 'one_cycle' }).pctStart).toBe(0.3)
  })

  const names = Object.keys(parseRunConfig({})).filter((name) => name !== 'shuffle' && name !== 'augmentation')
  test.each(names)('%s accepts what the API accepts, at its bounds and beyond them', (name) => {
    const setting = settings[name]
    const bounds = [...(setting?.allowed.matchAll(/[\d.]+(?:e-?\d+)?/g) ?? [])].map(([bound]) => Number(bound))
    const beyond = bounds.flatMap((bound) => [bound * 0.9 - 0.001, bound - 1, bound, bound + 1, bound * 1.1 + 0.001])
    const values = [
      ...beyond,
      'resnet18',
      'resnet34',
      'resnet50',
      'flat_cos',
      'one_cycle',
      'cosine',
      'constant',
      'step',
      'exponential',
      'plateau',
      'adamw',
      'sgd',
      'nesterov',
      'train',
      'statistics',
      'frozen',
      'none',
      'balanced',
      'validLoss',
      'f1Macro',
      'trainLoss',
    ]
    for (const value of [...values, 'concat', 'linear', 'f32', 'mixed', 'a.pth', '', true, Number.NaN, Infinity]) {
      expect([value, setting?.accepts(value)]).toEqual([value, apiAccepts(name, value)])
    }
  })
})

describe("the API's augmentations are the engine's", () => {
  const parse = (augmentation: RunConfigInput['augmentation']) => parseRunConfig({ augmentation }).augmentation

  test.each(Object.entries(augmentationPresets))('in the preset %s', (preset, numbers) => {
    expect(parse({ preset: preset as keyof typeof augmentationPresets })).toEqual(numbers)
  })

  test.each(Object.entries(augmentationRanges))('in the range of %s', (name, { min, max, whole }) => {
    // An interval's ends must stay in order.
    const wide = { zoomMin: 0.25, zoomMax: 8, cropMin: 0.01, cropMax: 1, eraseMin: 0, eraseMax: 1 }
    for (const value of [min, max]) expect(parse({ ...wide, [name]: value })).toMatchObject({ [name]: value })
    for (const value of [min - 0.001, max + 0.001, ...(whole ? [min + 0.5] : [])]) {
      const input = { ...wide, [name]: value }
      expect(() => parse(input)).toThrow(`config.augmentation.${name} is ${value}: must be`)
      expect(() => resolveAugmentation(input)).toThrow(`${name} must be`)
    }
  })

  test('in what is refused', () => {
    expect(() => parse({ zoomMin: 2 })).toThrow('config.augmentation.zoomMin is 2: must not be above zoomMax, 1')
    expect(() => parse({ rotation: 3 } as object)).toThrow('rotation')
    expect(parse({ preset: null, rotate: 3, warp: null })).toEqual(resolveAugmentation({ rotate: 3 }))
  })
})
