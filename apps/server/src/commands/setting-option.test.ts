import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addSettings, givenSettings } from './setting-option.ts'

function given(...args: string[]) {
  const command = addSettings(new Command('train').exitOverride().configureOutput({ outputError: () => {} }))
  return givenSettings(command.parse(args, { from: 'user' }))
}

test('what is given on the command line is what a run is asked for, and nothing else', () => {
  expect(given()).toEqual({})
  expect(given('--base-lr', '1e-3', '--patience', '4', '--no-shuffle', '--mixup', '--decay-norms')).toEqual({
    baseLr: 1e-3,
    patience: 4,
    shuffle: false,
    mixup: 0.4,
    decayNorms: true,
  })
})

test('none takes back what a config file gives', () => {
  const none = [
    '--weights',
    'none',
    '--patience',
    'none',
    '--clip-norm',
    'none',
    '--ema-decay',
    'none',
    '--folds',
    'none',
  ]
  expect(given(...none)).toEqual({ weights: null, patience: null, clipNorm: null, emaDecay: null, folds: null })
  expect(() => given('--weights', '')).toThrow('It must be')
})
