import { hash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { augmentationPresets } from '../augment/augmentation.ts'
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
import type { PredictEvent } from './predict-spec.ts'
import { runCalibration } from './run-calibration.ts'
import { runPrediction } from './run-prediction.ts'

let device: Device
let learner: Learner
let dir: string
const source = colouredSource(3, 32, 2)
const classes = [...source.classes]
const saved = () => readModel(join(dir, 'best'))
// As the learner's, so that a driver's cache on disk has the shaders.
const openDevice = () => openNodeDevice({ validation: true })
const raise = (): never => {
  throw new Error('there is nothing')
}

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

const pixelsOf = async (count: number): Promise<Uint8Array> => {
  const pixels = new Uint8Array(count * 4 * 32 * 32)
  await source.read(
    Array.from({ length: count }, (_, i) => i),
    pixels,
  )
  return pixels
}

test('what is predicted of an image is its own, wherever it stands, augmented or not', async () => {
  const classifier = await Classifier.load(device, await saved(), { batch: 4 })
  const pixels = await pixelsOf(6)
  const sixth = pixels.subarray(5 * 4 * 32 * 32)
  const plain = await classifier.predict(pixels)
  expect(plain).toHaveLength(6)
  const { logits, probabilities, label } = plain[5] ?? raise()
  expect(logits).toEqual([...(await classifier.logits(sixth))])
  expect(label).toBe(classes[logits.indexOf(Math.max(...logits))])
  expect(Object.keys(probabilities)).toEqual(classes)
  expect(await classifier.predict(sixth)).toEqual(plain.slice(5))

  const tta = { augment: augmentationPresets.notebook, passes: 2 }
  const augmented = await classifier.predict(pixels, { tta })
  expect(augmented.map((said) => said.logits)).toEqual(plain.map((said) => said.logits))
  expect(augmented[5]?.probabilities).not.toEqual(probabilities)
  expect(await classifier.predict(sixth, { tta })).toEqual(augmented.slice(5))
  expect(await classifier.predict(sixth, { tta: { ...tta, share: 1 } })).toEqual(plain.slice(5))
  await expect(classifier.predict(sixth, { abstain: 2 })).rejects.toMatchObject({ code: 'BAD_CONFIG' })
  classifier.destroy()
})

test('files are predicted in their order, with what they and the model are, and unreadable ones told apart', async () => {
  const bytes = async (i: number) =>
    sharp((await pixelsOf(i + 1)).subarray(i * 4 * 32 * 32), { raw: { width: 32, height: 32, channels: 4 } })
      .png()
      .toBuffer()
  const first = join(dir, 'first.png')
  await writeFile(first, await bytes(0))
  const events: PredictEvent[] = []
  const context = { openDevice, onEvent: (event: PredictEvent) => events.push(event) }
  const { signal } = new AbortController()
  const images = [
    first,
    join(dir, 'none.png'),
    { name: 'second', bytes: await bytes(1) },
    join(dir, 'raw.safetensors'),
    first,
  ]
  const model = join(dir, 'best')
  const result = await runPrediction({ model, images, batch: 4, temperature: 3 }, { ...context, signal })
  const sha256 = hash('sha256', await readFile(join(model, 'model.safetensors')))
  expect(result).toMatchObject({
    model: { sha256, arch: 'resnet18', temperature: 3, temperatureFrom: 'given', calibration: null },
    predictions: [
      { image: first, model: sha256, sha256: hash('sha256', await readFile(first)) },
      { image: 'second', model: sha256 },
      { image: first },
    ],
    unreadable: [
      { image: images[1], reason: 'there is no such file' },
      { image: images[3], reason: expect.stringContaining('convert it to one of JPEG') },
    ],
  })
  expect(events.map(({ done, total }) => [done, total])).toEqual([
    [4, 5],
    [5, 5],
  ])
  const classifier = await Classifier.load(device, await saved(), { batch: 4 })
  const [one, two] = await classifier.predict(await pixelsOf(2), { temperature: 3 })
  expect(result.predictions).toEqual(
    [one, two, one].map((prediction, i) => ({ ...result.predictions[i], ...prediction })),
  )
  classifier.destroy()
})

test('a calibration on a folder goes into the model’s file and is used from then on', async () => {
  const folder = join(dir, 'folder')
  for (let i = 0; i < source.length; i++) {
    const raw = { width: 32, height: 32, channels: 4 } as const
    const pixels = (await pixelsOf(i + 1)).subarray(i * 4096, (i + 1) * 4096)
    const name = classes[source.labels[i] as number] as string
    await mkdir(join(folder, name), { recursive: true })
    await writeFile(join(folder, name, `${i}.png`), await sharp(pixels, { raw }).png().toBuffer())
  }
  const out = join(dir, 'calibrated.safetensors')
  const context = { openDevice, onEvent: () => {}, signal: new AbortController().signal }
  const spec = { model: join(dir, 'best'), data: folder, batch: 4, out }
  const found = await runCalibration({ ...spec, split: 'all' }, context)
  expect(found).toMatchObject({ images: source.length, model: out })
  const model = await readModel(out)
  expect(model).toMatchObject({ classes, calibration: { images: source.length, temperature: found.temperature } })
  expect(model.tensors).toEqual((await saved()).tensors)
  const classifier = await Classifier.load(device, model, { batch: 4 })
  const said = await classifier.predict(await pixelsOf(source.length))
  expect(said.filter(({ outlier }) => outlier).length).toBeLessThanOrEqual(2)
  const given = await classifier.predict(await pixelsOf(source.length), { temperature: found.temperature })
  expect(given).toEqual(said)
  classifier.destroy()

  await rename(join(folder, 'red'), join(folder, 'rouge'))
  await expect(runCalibration({ ...spec, split: 'all' }, context)).rejects.toThrow('does not know rouge of')
  await expect(runCalibration({ ...spec, out: 'model.pth' }, context)).rejects.toThrow('is no safetensors file')
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
