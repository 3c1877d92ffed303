import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClassificationReport } from '@sporeprint/metrics'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openNodeDevice } from '../gpu/node.ts'
import { ResNet } from '../nn/resnet.ts'
import { readWeightsFile, writeWeightsFile } from '../weights/file.ts'
import { RunFolder, type RunPosition } from './checkpoint.ts'
import { Learner } from './learner.ts'
import { runTraining } from './run.ts'
import type { EpochRecord, RetoldEvent, TrainEvent, TrainSpec } from './spec.ts'
import { colouredSource, smallRun } from './testing.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-checkpoint-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const withoutTime = ({ seconds, ...rest }: EpochRecord) => rest

test('a learner stopped within an epoch goes on from there to the bits of one that was left alone', async () => {
  const device = await openNodeDevice()
  const train = colouredSource(8, 32)
  const model = new ResNet({ arch: 'resnet18', classes: train.classes, head: 'concat' })
  const create = () =>
    Learner.create(device, model, { train, valid: colouredSource(4, 32, 2), batch: 4, seed: 7, sampling: 'balanced' })
  const fit = { epochs: 2, rate: 1e-3 }
  const stateOf = async ({ store }: Learner) => ({
    parameters: await store.readAll('parameters'),
    states: await store.readAll('states'),
    moments: [await store.readAll('moment1'), await store.readAll('moment2')],
  })
  const whole = await create()
  const expected: EpochRecord[] = []
  for await (const epoch of whole.fit(fit)) expected.push(epoch)
  const end = await stateOf(whole)
  whole.destroy()

  const folder = new RunFolder(join(dir, 'learner'))
  const position: Omit<RunPosition, 'progress'> = {
    spec: { optimizer: 'adamw', precision: 'f32' } as TrainSpec,
    classes: train.classes,
    images: '',
    history: [],
  }
  const learner = await create()
  const stopped = learner.fit({
    ...fit,
    // Before the first epoch's end: losses are read a few times a second, and six steps take longer.
    betweenSteps: async () => {
      await folder.savePosition(learner, { ...position, progress: learner.progress })
      throw new Error('stopped')
    },
  })
  await expect(stopped.next()).rejects.toThrow('stopped')
  expect(learner.progress.stepOfEpoch).toBeGreaterThan(0)
  learner.destroy()

  const resumed = await create()
  const saved = await folder.readPosition()
  expect(saved?.position.progress).toMatchObject({ epoch: 0, stepOfEpoch: learner.progress.stepOfEpoch })
  saved?.restore(resumed)
  const epochs: EpochRecord[] = []
  for await (const epoch of resumed.fit({ ...fit, done: 0 })) epochs.push(epoch)
  expect(epochs.map(withoutTime)).toEqual(expected.map(withoutTime))
  expect(await stateOf(resumed)).toEqual(end)
  resumed.destroy()
  await device.destroy()
})

/** A run of two epochs on sixteen pictures, stopped after the first. */
async function stoppedRun(
  name: string,
  change: Partial<TrainSpec> = {},
): Promise<{ spec: TrainSpec; resume: typeof go }> {
  const data = join(dir, `${name}-data`)
  for (const [label, r] of [
    ['amber', 230],
    ['moss', 60],
  ] as const) {
    await mkdir(join(data, label), { recursive: true })
    for (let i = 0; i < 8; i++) {
      const background = { r: r - i, g: 140 - 2 * i, b: 40 + 3 * i }
      const picture = sharp({ create: { width: 36, height: 36, channels: 3, background } })
      await picture.png().toFile(join(data, label, `${i}.png`))
    }
  }
  const spec = smallRun({ data, batch: 4, epochs: 2, valid: 0.25, out: join(dir, name), ...change })
  await expect(go(spec, { stopAfter: 0 })).rejects.toMatchObject({ code: 'ABORTED' })
  return { spec: { ...spec, resume: true }, resume: go }
}

/** Runs `spec`, as far as a step or the end of an epoch; returns what it said. */
async function go(
  spec: TrainSpec,
  { stopAfter = Number.POSITIVE_INFINITY, stopAtStep = Number.POSITIVE_INFINITY } = {},
): Promise<TrainEvent[]> {
  const events: TrainEvent[] = []
  const controller = new AbortController()
  await runTraining(spec, {
    openDevice: () => openNodeDevice(),
    onEvent: (event) => {
      events.push(event)
      if (event.type === 'checkpoint' && event.epoch === stopAfter) controller.abort()
      if (event.type === 'step' && event.step === stopAtStep) controller.abort()
    },
    signal: controller.signal,
  })
  return events
}

/** The curve that a run has told in events: what it was at each step, and its epochs by the step at which they ended. */
function curveOf(events: readonly TrainEvent[]): unknown {
  const steps = events.flatMap((event) => (event.type === 'step' ? [event] : []))
  return {
    steps: steps.map(({ imagesPerSecond, secondsLeft, type, ...rest }) => rest),
    epochs: events.flatMap((event) =>
      event.type === 'epoch' ? [{ ...withoutTime(event.epoch), at: event.step }] : [],
    ),
  }
}

const retoldIn = (events: readonly TrainEvent[]) =>
  events.flatMap((event) => (event.type === 'retold' ? event.events : []))

test('a run goes on only with the settings and the images it was started with, wherever they lie, also from a checkpoint of old', async () => {
  const { spec, resume } = await stoppedRun('same')
  const refused = (change: Partial<TrainSpec>) =>
    resume({ ...spec, ...change }).catch(({ code, message }) => ({ code, message }))
  for (const [key, value] of [
    ['baseLr', 2e-3],
    ['sampling', 'balanced'],
    ['folds', 4],
    ['valid', 0.5],
  ] as const) {
    expect(await refused({ [key]: value })).toEqual({
      code: 'BAD_CONFIG',
      message: expect.stringContaining(`it was started with ${key} `),
    })
  }
  const added = join(spec.data, 'moss', 'new.png')
  await sharp({ create: { width: 36, height: 36, channels: 3, background: 'teal' } }).toFile(added)
  expect(await refused({})).toEqual({ code: 'BAD_CONFIG', message: expect.stringContaining('on other images') })
  await rm(added)
  await writeFile(join(dir, 'same', 'last', 'resume.safetensors.0a1b.tmp'), 'what a killed process was writing')
  // One that keeps nothing of what was told.
  const path = join(dir, 'same', 'last', 'resume.safetensors')
  const { tensors, metadata } = await readWeightsFile(path)
  const { told, ...position } = JSON.parse(metadata.position ?? '') as RunPosition
  expect(told?.map(({ type, step }) => [type, step])).toEqual([
    ...[1, 2, 3].map((step) => ['step', step]),
    ['epoch', 3],
  ])
  await writeWeightsFile(path, { tensors, metadata: { ...metadata, position: JSON.stringify(position) } })
  const events = await resume({ ...spec, patience: 5, checkpointEvery: 1 })
  expect(retoldIn(events).map(({ type }) => type)).toEqual(['checkpoint', 'checkpoint'])
  expect(events.flatMap((event) => (event.type === 'epoch' ? [event.epoch.epoch] : []))).toEqual([1])
  expect((await readdir(join(dir, 'same', 'last'))).filter((name) => name.endsWith('.tmp'))).toEqual([])
})

test('a damaged checkpoint is given up for the one before it, and refused where there is none', async () => {
  const { spec, resume } = await stoppedRun('damaged')
  const last = join(dir, 'damaged', 'last')
  const folder = new RunFolder(join(dir, 'damaged'))
  const damage = async (name: string): Promise<void> => {
    const file = await open(join(last, name), 'r+')
    await file.write(Buffer.from([0x5a]), 0, 1, 3_000_000)
    await file.close()
  }
  await damage('resume.safetensors')
  const refusal = { code: 'BAD_WEIGHTS', message: expect.stringMatching(/resume\.safetensors are damaged.*checksum/) }
  await expect(resume(spec)).rejects.toMatchObject(refusal)
  // A killed process may also have left no more than the one before.
  await rm(last, { recursive: true })
  expect(await folder.readPosition()).toBeNull()

  const again = await stoppedRun('twice')
  await again.resume({ ...again.spec, checkpointEvery: 0 }, { stopAfter: 1 }).catch(() => {})
  const twice = new RunFolder(join(dir, 'twice'))
  const names = await readdir(join(dir, 'twice', 'last'))
  expect(names).toEqual(['model.safetensors', 'previous.safetensors', 'resume.safetensors'])
  const newest = await twice.readPosition()
  expect(newest?.position.history).toHaveLength(2)
  const file = await open(join(dir, 'twice', 'last', 'resume.safetensors'), 'r+')
  await file.truncate(5_000_000)
  await file.close()
  const older = await twice.readPosition()
  expect(older?.damaged).toMatch(/not a usable safetensors file/)
  expect(older?.position.progress.step).toBeLessThan(newest?.position.progress.step ?? 0)
  // From now on it is the only one.
  expect((await twice.readPosition())?.damaged).toBeUndefined()
})

test('a run whose every listener dies with it tells the last of them all of its curve, and again when it is done', async () => {
  const { spec, resume } = await stoppedRun('retold')
  // The second is stopped within its epoch, with a checkpoint there if its losses were read in time.
  await expect(resume({ ...spec, checkpointEvery: 0 }, { stopAtStep: 5 })).rejects.toMatchObject({
    code: 'ABORTED',
  })
  const events = await resume(spec)
  const start = events.find((event) => event.type === 'start')
  const again = retoldIn(events)
  const told = again.flatMap((event) => (event.type === 'step' ? [event.step] : []))
  expect(told).toEqual(Array.from({ length: start?.step ?? 0 }, (_, i) => i + 1))
  expect(events.findIndex(({ type }) => type === 'retold')).toBe(events.findIndex(({ type }) => type === 'start') + 1)
  // Each of them once.
  const whole = curveOf(await go({ ...spec, out: join(dir, 'retold-alone'), resume: false }))
  expect(curveOf([...again, ...events])).toEqual(whole)

  const done = await resume(spec)
  expect(done.map(({ type }) => type)).toEqual(['retold'])
  expect(curveOf(retoldIn(done))).toEqual(whole)
  const models = retoldIn(done).flatMap((event) => (event.type === 'checkpoint' ? [event] : []))
  const best = events.findLast((event) => event.type === 'checkpoint' && event.kind === 'best')
  expect(models).toEqual([
    best ?? again.find((event) => event.type === 'checkpoint' && event.kind === 'best'),
    { type: 'checkpoint', kind: 'last', path: join(dir, 'retold', 'last'), epoch: 1 },
  ])
  // Weights that cannot be read are none of its business any more.
  await writeFile(join(dir, 'retold', 'last', 'resume.safetensors'), 'damaged')
  expect(await resume(spec)).toMatchObject([
    { type: 'log', level: 'warn', message: expect.stringMatching(/not a usable safetensors file.*not told again/) },
  ])
})

test('a run that begins at a smaller size goes on at the size of its next epoch, to the bits of one that was left alone', async () => {
  const sizes = { size: 32, progressive: [{ epochs: 1, size: 16 }] }
  const { spec, resume } = await stoppedRun('sizes', sizes)
  const logs = (events: TrainEvent[]) => events.flatMap((event) => (event.type === 'log' ? [event.message] : []))
  expect(logs(await resume(spec))).toEqual([])
  const alone = await go({ ...spec, out: join(dir, 'sizes-alone'), resume: false })
  expect(logs(alone)).toEqual(['training at 16 px from epoch 0 on', 'training at 32 px from epoch 1 on'])
  const model = (name: string) => readFile(join(dir, name, 'last', 'model.safetensors'))
  expect(await model('sizes')).toEqual(await model('sizes-alone'))
})

test('a run that stops where it was asked to tests nothing, goes on further, and ends with the bits of one that did not stop', async () => {
  const data = join(dir, 'staged-data')
  for (const split of ['train', 'valid', 'test']) {
    for (const [label, r] of Object.entries({ amber: 230, moss: 60 })) {
      await mkdir(join(data, split, label), { recursive: true })
      for (let i = 0; i < 8; i++) {
        const background = { r: r - i, g: 140 - 2 * i, b: 40 + 3 * i }
        const picture = sharp({ create: { width: 36, height: 36, channels: 3, background } })
        await picture.png().toFile(join(data, split, label, `${i}.png`))
      }
    }
  }
  const spec = smallRun({ data, batch: 8, freezeEpochs: 1, epochs: 3, restarts: [1], bodyNorm: 'frozen' })
  const reports: ClassificationReport[] = []
  let retold: RetoldEvent['events'] = []
  const context = {
    openDevice: () => openNodeDevice(),
    onEvent: (event: TrainEvent) => {
      if (event.type === 'evaluation') reports.push(event.report)
      if (event.type === 'retold') retold = event.events
    },
    signal: new AbortController().signal,
  }
  const whole = await runTraining({ ...spec, out: join(dir, 'unstaged') }, context)
  expect(whole.test?.n).toBe(16)
  const staged = { ...spec, out: join(dir, 'staged'), resume: true }
  for (const until of [2, 2, 4, null]) {
    const { epochs, test, alreadyFinished } = await runTraining({ ...staged, until }, context)
    expect(epochs.map(withoutTime)).toEqual(whole.epochs.slice(0, until ?? 4).map(withoutTime))
    expect(test).toEqual(until === null ? whole.test : null)
    expect(alreadyFinished).toBe(false)
    // Of the model as it is, also where there was nothing to train.
    if (until !== null) expect(reports.at(-1)).toMatchObject({ n: 16, accuracy: epochs.at(-1)?.accuracy })
  }
  const model = (name: string) => readFile(join(dir, name, 'last', 'model.safetensors'))
  expect(await model('staged')).toEqual(await model('unstaged'))
  await runTraining(staged, context)
  expect(retold.at(-1)).toEqual({ type: 'evaluation', split: 'test', report: whole.test })
})
