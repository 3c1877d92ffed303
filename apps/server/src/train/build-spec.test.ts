import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { augmentationPresets } from '@sporeprint/engine'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildSpec } from './build-spec.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sporeprint-spec-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function configFile(content: object): Promise<string> {
  const path = join(folder, 'config.json')
  await writeFile(path, JSON.stringify(content))
  return path
}

const findWeights = async (name: string): Promise<string> => name

test("the notebook's selected parameters are a config as they stand", async () => {
  const config = await configFile({
    batch_size: 64,
    base_lr: 0.0014050114695105182,
    weight_decay: 0.09308356639366534,
    lr_mult: 10,
    lr_scheduler: 'flat_cos',
    freeze_epochs: 6,
    pct_start: 0.39954565320066476,
    aug_mode: 'mult_1.25_more_trans',
  })
  expect(await buildSpec({ dir: folder, given: {}, config, findWeights })).toMatchObject({
    batch: 64,
    baseLr: 0.0014050114695105182,
    weightDecay: 0.09308356639366534,
    lrMult: 10,
    schedule: 'flat_cos',
    freezeEpochs: 6,
    pctStart: 0.39954565320066476,
    augment: augmentationPresets.notebook,
    mixup: 0,
    cutmix: 0,
  })
})

test('an augmentation is a name, a file, or an object of a config file; the command line wins', async () => {
  const augmentOf = async (given: object, content: object = {}) =>
    (await buildSpec({ dir: folder, given, config: await configFile(content), findWeights })).augment
  const file = join(folder, 'mine.json')
  await writeFile(file, JSON.stringify({ preset: 'default', rotate: 20 }))
  expect(await augmentOf({})).toEqual(augmentationPresets.none)
  expect(await augmentOf({}, { aug_mode: 'None' })).toEqual(augmentationPresets.none)
  expect(await augmentOf({ augment: file })).toEqual({ ...augmentationPresets.default, rotate: 20 })
  expect(await augmentOf({}, { augment: { flipP: 1 } })).toEqual({ ...augmentationPresets.none, flipP: 1 })
  expect(await augmentOf({ augment: 'default' }, { aug_mode: 'mult_1.25_more_trans' })).toEqual(
    augmentationPresets.default,
  )
})
