import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { augmentationPresets, type TrainSpec } from '@sporeprint/engine'
import { createPlan, type Parameter } from '@sporeprint/tuning'
import { afterAll, expect, test } from 'vitest'
import { withDefaults } from '../train/settings.ts'
import { defaultSpace, limitsOf, readSpace, withParameters } from './space.ts'
import { trialSpec } from './trial-spec.ts'

const dir = await mkdtemp(join(tmpdir(), 'sporeprint-space-'))
afterAll(() => rm(dir, { recursive: true, force: true }))
const file = join(dir, 'space.json')

async function read(space: unknown, given: string[] = []) {
  await writeFile(file, typeof space === 'string' ? space : JSON.stringify(space))
  return readSpace(file, new Set(given))
}

const rate: Parameter = { kind: 'float', low: 1e-4, high: 1e-1, log: true }

test('a space of settings and of numbers of the augmentation, with conditions, is read as it is', async () => {
  const space = {
    optimizer: { kind: 'categorical', choices: ['adamw', 'sgd'] },
    baseLr: rate,
    momentum: { kind: 'float', low: 0.5, high: 0.99, when: { parameter: 'optimizer', is: ['sgd'] } },
    'augment.rotateP': { kind: 'float', low: 0, high: 1 },
    clipNorm: { kind: 'categorical', choices: [null, 1] },
  }
  expect(await read(space)).toEqual(space)
  expect(limitsOf(await read(space))).toMatchObject({
    baseLr: { low: 1e-8, high: 10 },
    'augment.rotateP': { low: 0, high: 1 },
  })
})

test('what cannot be searched is refused by the file and the parameter at fault', async () => {
  await expect(read('[')).rejects.toThrow(`${file}: it must hold a search space as JSON`)
  await expect(read({ rate })).rejects.toThrow('there is no setting rate (known: arch, ')
  await expect(read({ 'augment.turn': rate })).rejects.toThrow('there is no setting augment.turn')
  await expect(read({ baseLr: { ...rate, high: 20 } })).rejects.toThrow(
    'baseLr may be 20: it must be a number from 1e-8',
  )
  await expect(read({ batch: { kind: 'float', low: 8, high: 64 } })).rejects.toThrow('batch may be')
  await expect(read({ schedule: { kind: 'categorical', choices: ['wavy'] } })).rejects.toThrow('schedule may be "wavy"')
  await expect(read({ seed: { kind: 'int', low: 0, high: 3 } })).rejects.toThrow('seed belongs to the study')
  await expect(read({ baseLr: rate }, ['baseLr'])).rejects.toThrow('baseLr is given as an option too')
  await expect(read({ baseLr: { ...rate, low: 1 } })).rejects.toThrow('baseLr goes from 1 to 0.1')
})

test('the default space can be searched, and leaves out what is given', () => {
  const objectives = [{ metric: 'accuracy', direction: 'maximize' }] as const
  for (const weights of [null, 'resnet18.pth']) {
    const space = defaultSpace(withDefaults({ weights }), new Set(['baseLr', 'schedule']))
    createPlan({ space, objectives, epochs: 5 })
    expect('lrMult' in space).toBe(weights !== null)
    expect(Object.keys(space)).not.toContain('baseLr')
    expect(Object.keys(space)).not.toContain('pctStart')
  }
})

test('the run of a trial has its parameters, also those of its augmentation', () => {
  const base = { baseLr: 1, augment: augmentationPresets.none, weightDecay: 2 } as TrainSpec
  const spec = withParameters(base, { 'augment.rotate': 20, baseLr: 0.5, augment: 'default' })
  expect(spec).toEqual({ baseLr: 0.5, weightDecay: 2, augment: { ...augmentationPresets.default, rotate: 20 } })
  expect(() => withParameters(base, { 'augment.zoomMax': 0.5 })).toThrow('zoomMin 1 must not be above zoomMax 0.5')
})

test('a trial is one run over all its rungs: a schedule and a size to each, with frozen epochs before the first', () => {
  const base = { augment: augmentationPresets.none, epochs: 9, freezeEpochs: 0, out: '/out', size: 64 } as TrainSpec
  const search = { space: { freezeEpochs: { kind: 'int', low: 0, high: 2 } }, sampler: { kind: 'tpe' } } as const
  const pruner = { kind: 'successiveHalving', reductionFactor: 3 } as const
  const objectives = [{ metric: 'accuracy', direction: 'maximize' }] as const
  const plan = createPlan({ ...search, objectives, epochs: 9, pruner, folds: 2 })
  const request = {
    ...{ base, ...search, pruner, objectives: [...objectives], folds: 2, rungs: null },
    ...{ sizes: [32], restarts: true, lrFind: false, baseline: false, enqueue: [] },
  }
  const trial = { parameters: { freezeEpochs: 2 } }
  const spec = (fold: number, until: number) => trialSpec(request, plan, trial, { number: 7, fold, until })
  expect(spec(0, 5)).toMatchObject({
    ...{ freezeEpochs: 2, epochs: 9, restarts: [1, 3], until: 5, resume: true },
    ...{ progressive: [{ size: 32, epochs: 3 }], folds: 2, fold: 0, out: '/out/trials/0007' },
  })
  expect({ ...spec(0, 11), until: 5 }).toEqual(spec(0, 5))
  expect(spec(1, 11)).toMatchObject({ fold: 1, out: '/out/trials/0007/fold-1' })
})
