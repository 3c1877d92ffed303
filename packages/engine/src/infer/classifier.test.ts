import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { ResNet } from '../nn/resnet.ts'
import { modelMetadata } from '../train/checkpoint.ts'
import { Learner } from '../train/learner.ts'
import type { EpochRecord } from '../train/spec.ts'
import { colouredSource } from '../train/testing.ts'
import { writeWeightsFile } from '../weights/file.ts'
import { readModel } from '../weights/saved-model.ts'
import { Classifier } from './classifier.ts'

let device: Device
let learner: Learner
let dir: string
const source = colouredSource(3, 32, 2)
const saved = () => readModel(join(dir, 'best'))

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-classifier-'))
  device = await openNodeDevice({ validation: true })
  const model = new ResNet({ arch: 'resnet18', classes: source.classes, head: 'concat' })
  learner = await Learner.create(device, model, { train: source, valid: source, batch: 4, seed: 7 })
  const metadata = modelMetadata(model, 32, { epoch: 0 } as EpochRecord)
  const tensors = await learner.stateDict()
  await writeWeightsFile(join(dir, 'best', 'model.safetensors'), { tensors, metadata })
  await writeWeightsFile(join(dir, 'raw.safetensors'), { tensors, metadata: {} })
})
afterAll(async () => {
  learner.destroy()
  await device.destroy()
  await rm(dir, { recursive: true, force: true })
})

test('a saved model classifies any number of images as the learner that it was saved from', async () => {
  const classifier = await Classifier.load(device, await saved(), { batch: 4 })
  const bytes = 4 * 32 * 32
  const pixels = new Uint8Array(9 * bytes)
  await source.read(
    Array.from({ length: 9 }, (_, i) => i),
    pixels,
  )
  const logits = await classifier.logits(pixels)
  expect(logits).toHaveLength(9 * 3)
  expect(logits.subarray(0, 12)).toEqual(await learner.logits(pixels.subarray(0, 4 * bytes)))
  expect(await classifier.logits(pixels.subarray(8 * bytes))).toEqual(logits.subarray(24))
  expect(await classifier.evaluate(source)).toEqual(await learner.evaluate(source))
  await expect(classifier.logits(pixels.subarray(1))).rejects.toThrow('no whole number of images of 32 × 32')
  classifier.destroy()
})

test('a checkpoint says all of itself, and a raw file needs to be told its classes and its size', async () => {
  expect(await saved()).toMatchObject({
    arch: 'resnet18',
    head: 'concat',
    classes: ['red', 'green', 'blue'],
    preprocessing: { size: 32, mean: [0.485, 0.456, 0.406] },
  })
  const raw = join(dir, 'raw.safetensors')
  expect(await readModel(raw, { classes: 3, size: 40 })).toMatchObject({
    classes: ['0', '1', '2'],
    preprocessing: { size: 40 },
  })
  const refused = (hints: Parameters<typeof readModel>[1], message: string) =>
    expect(readModel(raw, hints)).rejects.toMatchObject({
      code: 'BAD_CONFIG',
      message: expect.stringContaining(message),
    })
  await refused({}, 'does not say which 3 classes')
  await refused({ classes: ['a', 'b'] }, 'tells 3 classes apart, not 2')
  await refused({ classes: 3, arch: 'resnet50' }, 'holds a resnet18, not a resnet50')
})

test('a file that lacks a tensor is no model', async () => {
  const tensors = await learner.stateDict()
  tensors.delete('head.bn1.bias')
  await writeWeightsFile(join(dir, 'gap.safetensors'), { tensors, metadata: {} })
  await expect(readModel(join(dir, 'gap.safetensors'), { classes: 3 })).rejects.toMatchObject({
    code: 'BAD_WEIGHTS',
    message: expect.stringContaining('it lacks head.bn1.bias'),
  })
})
