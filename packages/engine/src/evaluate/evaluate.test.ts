import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { philox } from '../data/random.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { evaluate, train } from '../host/run-task.ts'
import { runCalibration } from '../infer/run-calibration.ts'
import { runPrediction } from '../infer/run-prediction.ts'
import type { TrainResult } from '../train/spec.ts'
import { smallRun } from '../train/testing.ts'
import type { Calibration } from '../weights/calibration.ts'
import { readWeightsFile, writeWeightsFile } from '../weights/file.ts'
import { readModel } from '../weights/saved-model.ts'
import { runEvaluation } from './evaluate.ts'
import type { EvaluateEvent, EvaluateResult, EvaluateSpec } from './spec.ts'

let dir: string
let run: TrainResult
let result: EvaluateResult
const events: EvaluateEvent[] = []

/** A patchwork tinted by its class, unlike any other; `side` is the shorter side. */
async function paint(path: string, [r, g, b]: readonly number[], seed: number, side = 40): Promise<void> {
  const patches = Buffer.from(
    Array.from({ length: 14 * 14 * 3 }, (_, i) => {
      const tint = [r, g, b][i % 3] as number
      return Math.min(255, tint * (0.4 + (philox(i, 0, 0, 0, seed, 3)[0] / 2 ** 32) * 0.8))
    }),
  )
  await mkdir(dirname(join(dir, path)), { recursive: true })
  await sharp(patches, { raw: { width: 14, height: 14, channels: 3 } })
    .resize(side + 10, side)
    .png()
    .toFile(join(dir, path))
}

const amber = [230, 160, 40]
const moss = [60, 140, 50]

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-evaluate-'))
  for (const [c, [name, tint]] of [['amber', amber] as const, ['moss', moss] as const].entries()) {
    for (let i = 0; i < 20; i++) await paint(`data/train/${name}/${i}.png`, tint, 100 * c + i)
    for (let i = 0; i < 6; i++) {
      await paint(`data/test/${name}/${i % 2 ? 'phone' : 'reflex'}/${i}.png`, tint, 1000 + 100 * c + i, 40 + 8 * i)
    }
  }
  // The same picture as one of training, smaller and compressed.
  const original = sharp(join(dir, 'data/train/moss/3.png'))
  await original.resize(36).jpeg({ quality: 70 }).toFile(join(dir, 'data/test/moss/phone/copy.jpg'))
  run = await train(smallRun({ data: join(dir, 'data'), out: join(dir, 'run'), epochs: 1 }))
  result = await evaluate(
    { ...spec('data'), splits: 'each', seed: 3, labelSmoothing: 0.1, keep: 3 },
    { onEvent: (event) => void events.push(event) },
  )
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const spec = (data: string): EvaluateSpec => ({ model: join(dir, 'run', 'best'), data: join(dir, data), batch: 8 })

/** In this process; without a device where the spec is to be refused before one is opened. */
const here = (input: EvaluateSpec, openDevice = openNodeDevice, onEvent: (event: EvaluateEvent) => void = () => {}) =>
  runEvaluation(input, { openDevice, onEvent, signal: new AbortController().signal })

const refusal = (input: EvaluateSpec) =>
  here(input, () => Promise.reject(new Error('no device was to be opened'))).then(
    () => '',
    (error) => `${error.code}: ${error.message}`,
  )

describe('an evaluation', () => {
  test('says of each split of a run what the run said of it', () => {
    expect(result.evaluations.map(({ split, n }) => [split, n])).toEqual([
      ['train', 32],
      ['valid', 8],
      ['test', 13],
    ])
    const [, valid, test] = result.evaluations
    for (const key of ['loss', 'accuracy', 'f1Weighted', 'f1Micro', 'f1Macro'] as const) {
      expect(test?.[key]).toBeCloseTo(run.test?.[key] as number, 5)
      if (key !== 'loss') expect(valid?.[key]).toBeCloseTo(run.best[key], 5)
    }
    expect(valid?.loss).toBeCloseTo(run.best.validLoss, 5)
    expect(test?.confusion).toEqual(run.test?.confusion)
  })

  test('has the worst and best images with pictures of them, and slices by folder, size and brightness', async () => {
    const { topLosses, bottomLosses, slices, scores } = result.evaluations[2] as EvaluateResult['evaluations'][number]
    expect(topLosses).toHaveLength(3)
    expect(topLosses[0]?.loss).toBeGreaterThanOrEqual(topLosses[2]?.loss as number)
    expect(bottomLosses[0]?.loss).toBeLessThanOrEqual(topLosses[2]?.loss as number)
    const [, data = ''] = topLosses[0]?.thumbnail?.split('data:image/jpeg;base64,') ?? []
    const { format, width } = await sharp(Buffer.from(data, 'base64')).metadata()
    expect([format, width]).toEqual([
      'jpeg',
      (await sharp(join(dir, 'data', `${topLosses[0]?.path}`)).metadata()).width,
    ])
    // Of training there are mistakes: the first pairs have pictures of their worst images.
    for (const { actual, predicted, images } of result.evaluations.flatMap(({ mostConfused }) => mostConfused)) {
      expect(images[0]).toMatchObject({ actual, predicted, thumbnail: expect.stringContaining('data:image/jpeg') })
    }
    expect(result.evaluations.flatMap(({ mostConfused }) => mostConfused).length).toBeGreaterThan(0)
    const sums = Map.groupBy(slices, ({ by }) => by)
    expect([...sums.keys()]).toEqual(['folder', 'size', 'brightness'])
    for (const parts of sums.values()) expect(parts.reduce((sum, { n }) => sum + n, 0)).toBe(13)
    expect(sums.get('folder')?.map(({ key, n }) => [key, n])).toEqual([
      ['phone', 7],
      ['reflex', 6],
    ])
    expect(sums.get('size')?.map(({ key }) => key)).toEqual(['up to 48 px', '49 to 64 px', 'from 65 px'])
    expect(scores.accuracy.low).toBeLessThanOrEqual(scores.accuracy.value)
  })

  test('finds the picture that is in training and in test, and scores the test without it', () => {
    expect(result.nearDuplicates).toMatchObject({
      count: 1,
      pairs: [
        {
          first: { path: 'train/moss/3.png', class: 'moss' },
          second: { path: 'test/moss/phone/copy.jpg', class: 'moss', split: 'test' },
        },
      ],
    })
    const [train, valid, test] = result.evaluations
    expect([train?.withoutNearDuplicates, valid?.withoutNearDuplicates]).toEqual([null, null])
    expect(test?.withoutNearDuplicates).toMatchObject({ n: 12, byClass: [{ count: 6 }, { count: 6 }] })
  })

  test('tells how far it is', () => {
    const stages = events.flatMap((event) => (event.type === 'progress' ? [`${event.stage} ${event.split}`] : []))
    expect([...new Set(stages)]).toEqual([
      'images null',
      'looks null',
      'classify train',
      'classify valid',
      'classify test',
    ])
    expect(events.at(-1)).toEqual({ type: 'progress', stage: 'classify', split: 'test', done: 13, total: 13 })
  })

  test('takes a folder of some of the classes, of one image each, names what it skips and tells what is missing', async () => {
    await paint('some/moss/1.png', moss, 7)
    await writeFile(join(dir, 'some/moss/broken.jpg'), 'no image')
    const told: EvaluateEvent[] = []
    const some = await here({ ...spec('some'), fingerprint: 'another' }, openNodeDevice, (event) => told.push(event))
    expect(some.evaluations).toMatchObject([
      { split: 'all', n: 1, byClass: [{ count: 0 }, { class: 'moss', count: 1 }], withoutNearDuplicates: null },
    ])
    expect(some.skipped).toMatchObject([{ path: 'moss/broken.jpg' }])
    const warnings = told.flatMap((event) => (event.type === 'log' ? [event.message] : []))
    expect(warnings).toEqual([
      expect.stringContaining('has other images than the model was trained on'),
      expect.stringContaining('has no images of amber'),
    ])
  })

  test('takes a raw file of weights that is told its classes in any order, by their names', async () => {
    const swapped = { ...spec('data'), hints: { classes: ['moss', 'amber'] } }
    const [test] = (await here(swapped)).evaluations
    // The head's rows are called by each other's names: what was right is wrong.
    const [[a, b] = [], [c, d] = []] = run.test?.confusion ?? []
    expect(test?.confusion).toEqual([
      [c, d],
      [a, b],
    ])
    expect(test?.split).toBe('test')
  })

  test('says of an image what predict says of it: prepared and calibrated as the model’s file has it', async () => {
    const { tensors, metadata } = await readWeightsFile(join(dir, 'run', 'best'))
    const model = join(dir, 'own.safetensors')
    await writeWeightsFile(model, { tensors, metadata: { ...metadata, crop: '0.7', interpolation: 'bicubic' } })
    const context = { openDevice: openNodeDevice, onEvent: () => {}, signal: new AbortController().signal }
    const { temperature } = await runCalibration({ model, data: join(dir, 'data'), batch: 8 }, context)
    const image = join(dir, 'some/moss/1.png')
    const { predictions } = await runPrediction({ model, images: [image] }, context)
    const { evaluations, calibratedBy } = await here({ ...spec('some'), model })
    expect(calibratedBy).toBe(temperature)
    const [sample] = evaluations[0]?.topLosses ?? []
    expect(sample?.predicted).toBe(predictions[0]?.label)
    expect(sample?.confidence).toBeCloseTo(predictions[0]?.probabilities[sample?.predicted as string] as number, 5)
  })

  test('calibrates a model on what its training held out, once, and then tells of the calibrated model', async () => {
    const model = join(dir, 'calibrated.safetensors')
    const { tensors, metadata } = await readWeightsFile(join(dir, 'run', 'best'))
    await writeWeightsFile(model, { tensors, metadata })
    const ask = { ...spec('data'), model, seed: 3, splits: ['test'], calibrate: true } as const
    const told: EvaluateEvent[] = []
    const first = await here(ask, openNodeDevice, (event) => told.push(event))
    const saved = await readModel(model)
    const { images, temperature } = saved.calibration as Calibration
    expect(images).toBe(8)
    expect(told).toContainEqual({ type: 'progress', stage: 'calibrate', split: 'valid', done: 8, total: 8 })
    expect(first).toMatchObject({
      calibratedBy: temperature,
      modelCalibration: { images: 8, temperature },
      uncalibrated: null,
    })
    // Of the same images as the training’s own validation: the temperature that the plain evaluation asks for.
    expect(temperature).toBeCloseTo(result.evaluations[1]?.temperature as number, 4)
    expect(first.evaluations[0]?.loss).not.toBe(result.evaluations[2]?.loss)

    const before = await readFile(model)
    const again = await here({ ...ask, calibrate: true, seed: 4 })
    expect(again.modelCalibration).toEqual(first.modelCalibration)
    expect(again.evaluations).toEqual(first.evaluations)
    // Many megabytes: equality, not a difference to print.
    expect(before.equals(await readFile(model))).toBe(true)
  })

  test('goes on without a calibration, and says so, where the validation images are too few for one', async () => {
    const told: EvaluateEvent[] = []
    const few = { ...spec('data'), splits: ['test'], valid: 0.05, calibrate: true } as const
    const { evaluations, ...rest } = await here(few, openNodeDevice, (event) => told.push(event))
    const uncalibrated = '2 readable images are too few to calibrate 2 classes: at least 4 are needed'
    expect(rest).toMatchObject({ calibratedBy: null, modelCalibration: null, uncalibrated })
    expect(evaluations[0]?.loss).toBeCloseTo(evaluations[0]?.logLoss as number, 6)
    expect(told).toContainEqual({
      type: 'log',
      level: 'warn',
      message: `the model is not calibrated: ${uncalibrated}`,
    })
  })

  test('refuses a class that the model does not know, and a split that there is not', async () => {
    await paint('other/fern/1.png', moss, 8)
    await paint('other/moss/1.png', moss, 9)
    expect(await refusal(spec('other'))).toMatch(/^BAD_DATASET: .*best does not know fern of .*other, only amber, moss/)
    expect(await refusal({ ...spec('some'), splits: ['test'] })).toContain('has no images for test: add a test/ folder')
  })
})
