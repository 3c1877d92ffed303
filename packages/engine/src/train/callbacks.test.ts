import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { ResNet } from '../nn/resnet.ts'
import { readWeightsFile } from '../weights/file.ts'
import { type Callback, earlyStopping } from './callbacks.ts'
import { Learner } from './learner.ts'
import { csvLog, jsonlLog, saveBest } from './logs.ts'
import { bestOf } from './monitor.ts'
import type { EpochRecord } from './spec.ts'
import { colouredSource } from './testing.ts'

let device: Device
let learner: Learner
let dir: string
const train = colouredSource(8, 32)
const valid = colouredSource(4, 32, 2)

beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
  const model = new ResNet({ arch: 'resnet18', classes: train.classes, head: 'linear' })
  learner = await Learner.create(device, model, { train, valid, batch: 8, seed: 7 })
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-callbacks-'))
})
afterAll(async () => {
  await rm(dir, { recursive: true, force: true })
  await device.destroy()
})

async function fit(callbacks: Callback[], epochs = 8): Promise<EpochRecord[]> {
  const records: EpochRecord[] = []
  for await (const epoch of learner.fit({ epochs, rate: 1e-3, callbacks })) records.push(epoch)
  return records
}

test('early stopping ends a fit that gets no better, and leaves the weights of its best epoch', async () => {
  const seen: Float32Array[] = []
  const spy: Callback = { onEpoch: async () => void seen.push(await learner.store.readAll('parameters')) }
  // No loss falls by ten, so that the first epoch stays the best.
  const epochs = await fit([spy, earlyStopping({ patience: 2, minDelta: 10 })])
  expect(epochs).toHaveLength(3)
  expect(seen[2]).not.toEqual(seen[0])
  expect(await learner.store.readAll('parameters')).toEqual(seen[0])
  expect((await learner.evaluate(valid, { labelSmoothing: 0.1 })).loss).toBe(epochs[0]?.validLoss)
})

test('without restoring, the last epoch’s weights stay', async () => {
  const monitor = { monitor: 'accuracy', minDelta: 1 } as const
  const epochs = await fit([earlyStopping({ patience: 1, restoreBest: false, ...monitor })])
  expect(epochs).toHaveLength(2)
  expect((await learner.evaluate(valid, { labelSmoothing: 0.1 })).loss).toBe(epochs.at(-1)?.validLoss)
  expect(() => earlyStopping({ patience: 0 })).toThrow('patience must be')
})

test('the best model and both logs are on disk, and a fit that is left early still ends its callbacks', async () => {
  let ended = 0
  const logs = [csvLog(join(dir, 'logs', 'epochs.csv')), jsonlLog(join(dir, 'logs', 'epochs.jsonl'))]
  const epochs = await fit([...logs, saveBest(join(dir, 'best')), { onEnd: () => void ended++ }], 3)
  const lines = (await readFile(join(dir, 'logs', 'epochs.csv'), 'utf8')).trim().split('\n')
  expect(lines[0]).toBe('epoch,phase,trainLoss,validLoss,accuracy,f1Weighted,f1Micro,f1Macro,seconds,lr')
  expect(lines.slice(1).map((line) => Number(line.split(',')[3]))).toEqual(epochs.map(({ validLoss }) => validLoss))
  const jsonl = (await readFile(join(dir, 'logs', 'epochs.jsonl'), 'utf8')).trim().split('\n')
  expect(jsonl.map((line) => JSON.parse(line))).toEqual(epochs)
  const { metadata, tensors } = await readWeightsFile(join(dir, 'best'))
  const { seconds, ...best } = bestOf(epochs)
  expect(JSON.parse(metadata.epoch ?? '')).toEqual(best)
  learner.load(tensors)
  expect((await learner.evaluate(valid, { labelSmoothing: 0.1 })).loss).toBe(best.validLoss)

  for await (const _ of learner.fit({ epochs: 3, rate: 1e-3, callbacks: [{ onEnd: () => void ended++ }] })) break
  expect(ended).toBe(2)
})
