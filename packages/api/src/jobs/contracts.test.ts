import { expect, it } from 'vitest'
import { InvalidInput } from '../errors.ts'
import { augmentationPresets } from './augmentation.ts'
import { parseRunConfig } from './contracts.ts'

it('fills in the defaults of the command line', () => {
  expect(parseRunConfig({})).toEqual({
    arch: 'resnet18',
    weights: null,
    size: 224,
    progressive: [],
    batch: 64,
    epochs: 5,
    freezeEpochs: 0,
    bodyNorm: 'train',
    baseLr: 2e-3,
    lrMult: 1,
    weightDecay: 0.01,
    decayNorms: false,
    schedule: 'flat_cos',
    pctStart: 0.75,
    warmup: 0,
    gamma: 0.1,
    stepEpochs: 10,
    plateauPatience: 10,
    optimizer: 'adamw',
    momentum: 0.9,
    beta2: 0.99,
    epsilon: 1e-5,
    accumulate: 1,
    clipNorm: null,
    emaDecay: null,
    labelSmoothing: 0.1,
    classWeights: 'none',
    augmentation: augmentationPresets.none,
    mixup: 0,
    cutmix: 0,
    head: 'concat',
    precision: 'f32',
    monitor: 'validLoss',
    patience: null,
    seed: 42,
    valid: 0.2,
    folds: null,
    fold: 0,
    shuffle: true,
    sampling: 'shuffle',
    checkpointEvery: 10,
  })
})

it('takes the images in order where they are not to be shuffled, unless told otherwise', () => {
  expect(parseRunConfig({ shuffle: false }).sampling).toBe('sequential')
  expect(parseRunConfig({ shuffle: false, sampling: 'balanced' }).sampling).toBe('balanced')
})

it('refuses sizes to begin with that are larger than the last', () => {
  expect(parseRunConfig({ size: 128, progressive: [{ size: 96, epochs: 2 }] }).progressive).toEqual([
    { size: 96, epochs: 2 },
  ])
  expect(() => parseRunConfig({ size: 64, progressive: [{ size: 96, epochs: 2 }] })).toThrow(InvalidInput)
})

it('refuses a fold beyond the last', () => {
  expect(parseRunConfig({ folds: 5, fold: 4 })).toMatchObject({ folds: 5, fold: 4 })
  expect(() => parseRunConfig({ folds: 5, fold: 5 })).toThrow(InvalidInput)
})

it('freezes and slows the body where there are weights to protect, unless told otherwise', () => {
  expect(parseRunConfig({ weights: '/w.pth' })).toMatchObject({ freezeEpochs: 1, lrMult: 10 })
  expect(parseRunConfig({ weights: '/w.pth', freezeEpochs: 0, lrMult: 3 })).toMatchObject({
    freezeEpochs: 0,
    lrMult: 3,
  })
})

it('takes null for what is left out', () => {
  expect(parseRunConfig({ batch: null, patience: null, freezeEpochs: null })).toEqual(parseRunConfig({}))
})

it('takes a configuration that is filled in as it is, and fills in what an older one lacks', () => {
  const config = parseRunConfig({ weights: '/w.pth', augmentation: { preset: 'notebook', rotate: 3 }, mixup: 0.4 })
  expect(config.augmentation).toEqual({ ...augmentationPresets.notebook, rotate: 3 })
  expect(parseRunConfig(config)).toEqual(config)
  const { augmentation, mixup, cutmix, ...older } = config
  expect(parseRunConfig(older)).toEqual({ ...config, augmentation: augmentationPresets.none, mixup: 0 })
})

it('names every refused field, its value and the range', () => {
  const refused = () => parseRunConfig({ size: 16, batch: 2.5, baseLr: Number.NaN, valid: 1 })
  expect(refused).toThrow(InvalidInput)
  expect(refused).toThrow(
    'config.size is 16: must be a whole number from 32 to 1024; ' +
      'config.batch is 2.5: must be a whole number from 1 to 4096; ' +
      'config.baseLr is NaN: must be a number from 1e-8 to 10; ' +
      'config.valid is 1: must be a number from 0.01 to 0.9',
  )
})

it('refuses a run of no epochs, and fields it does not know', () => {
  expect(() => parseRunConfig({ epochs: 0 })).toThrow('config.epochs is 0: epochs and freezeEpochs must not both be 0')
  expect(() => parseRunConfig({ epoch: 3 } as object)).toThrow('epoch')
})
