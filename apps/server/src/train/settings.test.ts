import { parseRunConfig, type RunConfigInput } from '@sporeprint/api'
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
    expect(withDefaults({})).toEqual(parseRunConfig({}))
    expect(withDefaults({ weights: 'a.pth' })).toEqual(parseRunConfig({ weights: 'a.pth' }))
    expect(withDefaults({})).toMatchObject({ freezeEpochs: 0, lrMult: 1 })
    expect(withDefaults({ weights: 'a.pth' })).toMatchObject({ freezeEpochs: 1, lrMult: 10 })
    expect(withDefaults({ weights: 'a.pth', freezeEpochs: 3 }).freezeEpochs).toBe(3)
    expect(withDefaults({ schedule: 'one_cycle' })).toEqual(parseRunConfig({ schedule: 'one_cycle' }))
    expect(withDefaults({ schedule: 'one_cycle' }).pctStart).toBe(0.3)
  })

  const names = Object.keys(parseRunConfig({})).filter((name) => name !== 'shuffle')
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
    ]
    for (const value of [...values, 'concat', 'linear', 'f32', 'mixed', 'a.pth', '', true, Number.NaN, Infinity]) {
      expect([value, setting?.accepts(value)]).toEqual([value, apiAccepts(name, value)])
    }
  })
})
