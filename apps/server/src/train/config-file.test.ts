import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfigFile } from './config-file.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-config-'))
})
afterAll(() => rm(dir, { recursive: true }))

async function read(text: string) {
  const path = join(dir, 'config.json')
  await writeFile(path, text)
  return readConfigFile(path)
}

/** The notebook's selected parameters, as it printed them. */
const printed = `{'batch_size': 64,
'base_lr': 0.0014050114695105182,
'weight_decay': 0.09308356639366534,
'lr_mult': 10,
'lr_scheduler': 'flat_cos',
'freeze_epochs': 6,
'pct_start': 0.39954565320066476,
'aug_mode': 'mult_1.25_more_trans'}`

const settings = {
  batch: 64,
  baseLr: 0.0014050114695105182,
  weightDecay: 0.09308356639366534,
  lrMult: 10,
  schedule: 'flat_cos',
  freezeEpochs: 6,
  pctStart: 0.39954565320066476,
  augment: 'notebook',
}

test("the notebook's parameters are understood as they were printed, and as JSON", async () => {
  expect(await read(printed)).toEqual(settings)
  expect(await read(printed.replaceAll("'", '"'))).toEqual(settings)
})

test("None, True and False of such a dictionary are JSON's null, true and false", async () => {
  const text = "{'patience': None, 'shuffle': False, 'weights': 'Trues/None of it.pth', 'lr_mult': 10,}"
  expect(await read(text)).toEqual({ patience: null, shuffle: false, weights: 'Trues/None of it.pth', lrMult: 10 })
})

test('what is neither, and what is unknown or wrong, is refused with the file and the key', async () => {
  await expect(read("{'base_lr': }")).rejects.toThrow(/config\.json: it must hold one JSON object/)
  await expect(read('[1]')).rejects.toThrow('it must hold one JSON object')
  await expect(read('{"base_rate": 1}')).rejects.toThrow('unknown key base_rate')
  await expect(read('{"base_lr": "fast"}')).rejects.toThrow('base_lr must be a number from')
  await expect(read('{"base_lr": 1e-3, "baseLr": 1e-3}')).rejects.toThrow('given twice')
})
