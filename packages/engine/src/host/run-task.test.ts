import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { resolveAugmentation } from '../augment/augmentation.ts'
import { Choices } from '../autotune/choices.ts'
import { openNodeDevice } from '../gpu/node.ts'
import type { RunPosition } from '../train/checkpoint.ts'
import { runTraining } from '../train/run.ts'
import type { TrainEvent, TrainSpec } from '../train/spec.ts'
import { smallRun } from '../train/testing.ts'
import { readWeightsFile, readWeightsHeader, writeWeightsFile } from '../weights/file.ts'
import { decodeSafetensors } from '../weights/safetensors.ts'
import { train } from './run-task.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-host-'))
  for (const [name, r, g] of [
    ['amber', 230, 160],
    ['moss', 60, 140],
  ] as const) {
    await mkdir(join(dir, 'data', name), { recursive: true })
    for (let i = 0; i < 20; i++) {
      const background = { r: r - i, g: g - 2 * i, b: 40 + 3 * i }
      await sharp({ create: { width: 40, height: 36, channels: 3, background } })
        .png()
        .toFile(join(dir, 'data', name, `${i}.png`))
    }
  }
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const spec = (out: string, change: Partial<TrainSpec> = {}): TrainSpec =>
  smallRun({ data: join(dir, 'data'), out: join(dir, out), ...change })

/** Process ids of engine hosts that this process has started. */
const hosts = (): number[] =>
  execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('host/host.ts'))
    .map((line) => Number.parseInt(line, 10))

const fileOf = (out: string, kind: string) => readFile(join(dir, out, kind, 'model.safetensors'))

test('a host killed in mid-run is HOST_CRASHED, and the resumed run ends with the bits of one that was left alone', async () => {
  // With everything drawn that can be drawn.
  const augment = resolveAugmentation({ preset: 'notebook', cropP: 0.5, rotateP: 0.5, policyCount: 1, eraseP: 0.5 })
  const random = { augment, mixup: 0.4, cutmix: 1 }
  const whole = await train(spec('whole', random))
  expect(whole.epochs).toHaveLength(3)

  const crashed = train(spec('crashed', random), {
    onEvent(event: TrainEvent) {
      // In the second epoch, when the first one's checkpoint is written.
      if (event.type === 'step' && event.epoch === 1) for (const pid of hosts()) process.kill(pid, 'SIGKILL')
    },
  })
  await expect(crashed).rejects.toMatchObject({ code: 'HOST_CRASHED', message: expect.stringContaining('SIGKILL') })

  const other = { ...random, augment: { ...augment, rotate: 10 } }
  await expect(train(spec('crashed', { ...other, resume: true }))).rejects.toMatchObject({
    code: 'BAD_CONFIG',
    message: expect.stringContaining('it was started with augment.rotate 31.25, not 10'),
  })
  const events: TrainEvent[] = []
  const resumed = await train(spec('crashed', { ...random, resume: true }), { onEvent: (event) => events.push(event) })
  expect(events.filter((event) => event.type === 'epoch').map(({ epoch }) => epoch.epoch)).toEqual([1, 2])
  const comparable = ({ epochs }: typeof whole) => epochs.map(({ seconds, ...rest }) => rest)
  expect(comparable(resumed)).toEqual(comparable(whole))
  const history = (await readFile(join(dir, 'crashed', 'history.jsonl'), 'utf8')).trim().split('\n')
  expect(history.map((line) => JSON.parse(line).epoch)).toEqual([0, 1, 2])
  const left = ['model.safetensors', 'previous.safetensors', 'resume.safetensors']
  expect(await readdir(join(dir, 'crashed', 'last'))).toEqual(left)
  for (const kind of ['best', 'last']) expect(await fileOf('crashed', kind)).toEqual(await fileOf('whole', kind))

  const again = await train(spec('crashed', { resume: true }))
  expect(again).toMatchObject({ alreadyFinished: true, epochs: resumed.epochs })
  await expect(train(spec('crashed', { resume: true, arch: 'resnet34' }))).resolves.toMatchObject({
    alreadyFinished: true,
  })
})

test('a run goes on with the variants it began with, whatever was tuned meanwhile', async () => {
  const positionOf = async (out: string): Promise<RunPosition> => {
    const file = await readFile(join(dir, out, 'last', 'resume.safetensors'))
    return JSON.parse(decodeSafetensors(file, out).metadata.position ?? '')
  }
  const run = async (resume: boolean, names: Record<string, string>, stop: boolean): Promise<unknown> => {
    const controller = new AbortController()
    return runTraining(spec('choosy', { epochs: 2, resume }), {
      async openDevice() {
        const device = await openNodeDevice()
        device.choices = new Choices(device.target, names)
        return device
      },
      onEvent: ({ type }) => stop && type === 'checkpoint' && controller.abort(),
      signal: controller.signal,
    })
  }
  await expect(run(false, { first: 'a' }, true)).rejects.toMatchObject({ code: 'ABORTED' })
  expect((await positionOf('choosy')).history).toHaveLength(1)
  await run(true, { first: 'b', second: 'c' }, false)
  expect(await positionOf('choosy')).toMatchObject({ history: [{ epoch: 0 }, { epoch: 1 }], choices: { first: 'a' } })
  expect(Object.keys((await positionOf('choosy')).choices ?? {})).toEqual(['first'])
})

test('a host that crashes is HOST_CRASHED with its signal', async () => {
  const crashed = train(spec('segfault'), {
    onEvent(event: TrainEvent) {
      if (event.type === 'start') for (const pid of hosts()) process.kill(pid, 'SIGSEGV')
    },
  })
  await expect(crashed).rejects.toMatchObject({ code: 'HOST_CRASHED', message: expect.stringContaining('SIGSEGV') })
})

test('a device lost in mid-run is DEVICE_LOST from a host that lives on to say so, and the run can be resumed', async () => {
  vi.stubEnv('NODE_OPTIONS', `--import=${new URL('./losing-device.ts', import.meta.url)}`)
  const lost = train(spec('lost', { epochs: 2 }), {
    onEvent(event: TrainEvent) {
      if (event.type === 'checkpoint') for (const pid of hosts()) process.kill(pid, 'SIGUSR2')
    },
  })
  await expect(lost).rejects.toMatchObject({ code: 'DEVICE_LOST', message: expect.stringContaining('was lost') })
  vi.unstubAllEnvs()
  await expect.poll(hosts, { timeout: 5000 }).toEqual([])
  const resumed = await train(spec('lost', { epochs: 2, resume: true }))
  expect(resumed.epochs.map(({ epoch }) => epoch)).toEqual([0, 1])
})

test('a run stops within two seconds of its signal, and leaves no process behind', async () => {
  const controller = new AbortController()
  let asked = 0
  const running = train(spec('stopped', { epochs: 50 }), {
    signal: controller.signal,
    onEvent(event) {
      if (event.type !== 'step' || asked) return
      asked = performance.now()
      controller.abort()
    },
  })
  await expect(running).rejects.toMatchObject({ code: 'ABORTED' })
  expect(performance.now() - asked).toBeLessThan(2000)
  await expect.poll(hosts, { timeout: 5000 }).toEqual([])
})

test('a missing folder fails by its own code before any device is opened', async () => {
  await expect(train(spec('none', { data: join(dir, 'nowhere') }))).rejects.toMatchObject({
    code: 'BAD_DATASET',
    message: expect.stringContaining('nowhere'),
  })
})

test('weights that fit nothing are refused, and weights with another head are taken over without it', async () => {
  const other = join(dir, 'whole', 'best')
  const events: TrainEvent[] = []
  const options = { onEvent: (event: TrainEvent) => void events.push(event) }
  await train(spec('tuned', { weights: other, head: 'concat', freezeEpochs: 1, epochs: 1 }), options)
  const logs = events.flatMap((event) => (event.type === 'log' ? [event.message] : []))
  expect(logs).toContain(`took 100 tensors from ${other}`)
  expect(logs.some((line) => line.startsWith('left out fc.weight'))).toBe(true)
  expect(events.flatMap((event) => (event.type === 'epoch' ? [event.epoch.phase] : []))).toEqual(['frozen', 'unfrozen'])
  await expect(train(spec('misfit', { weights: join(dir, 'data', 'moss', '0.png') }))).rejects.toMatchObject({
    code: 'BAD_WEIGHTS',
  })
})

test('a run trains on input as its weights had it, hands that on to its checkpoints, and keeps it when it is resumed', async () => {
  const { tensors, metadata } = await readWeightsFile(join(dir, 'whole', 'best'))
  const own = { mean: '[0.25,0.5,0.75]', std: '[0.5,0.25,0.125]' }
  const weights = join(dir, 'own.safetensors')
  await writeWeightsFile(weights, { tensors, metadata: { ...metadata, ...own } })
  const headerOf = async (out: string) => (await readWeightsHeader(join(dir, out, 'last'))).metadata
  const imagenet = await train(spec('imagenet', { weights: join(dir, 'whole', 'best'), epochs: 1 }))
  const whole = await train(spec('as weights', { weights, epochs: 2 }))
  expect(await headerOf('imagenet')).toMatchObject({ mean: '[0.485,0.456,0.406]', std: '[0.229,0.224,0.225]' })
  expect(await headerOf('as weights')).toMatchObject({ ...own, size: '32', crop: '1', interpolation: 'bilinear' })
  expect(whole.epochs[0]?.trainLoss).not.toBe(imagenet.epochs[0]?.trainLoss)

  const controller = new AbortController()
  const stopped = train(spec('resumed', { weights, epochs: 2 }), {
    signal: controller.signal,
    onEvent: ({ type }) => type === 'checkpoint' && controller.abort(),
  })
  await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' })
  // What it goes on from says how its input was made; the weights it began with may be gone.
  await rm(weights)
  await train(spec('resumed', { weights, epochs: 2, resume: true }))
  expect(await headerOf('resumed')).toMatchObject(own)
  const weightsOf = async (out: string) => (await readWeightsFile(join(dir, out, 'last'))).tensors
  expect(await weightsOf('resumed')).toEqual(await weightsOf('as weights'))
})

test('weights of another network are refused before a device is opened, and a body with gaps is told of', async () => {
  const { tensors, metadata } = await readWeightsFile(join(dir, 'whole', 'best'))
  const other = train(spec('other', { arch: 'resnet34', weights: join(dir, 'whole', 'best') }))
  await expect(other).rejects.toMatchObject({ code: 'BAD_WEIGHTS', message: expect.stringContaining('not a resnet34') })
  tensors.delete('layer4.1.bn2.bias')
  const weights = join(dir, 'gap.safetensors')
  await writeWeightsFile(weights, { tensors, metadata })
  const told: TrainEvent[] = []
  await train(spec('gap', { weights, epochs: 1 }), { onEvent: (event) => told.push(event) })
  const message = `${weights} lacks layer4.1.bn2.bias: these begin at random`
  expect(told).toContainEqual({ type: 'log', level: 'warn', message })
})

test('weights that cannot be used leave the folder of an earlier run as it is', async () => {
  const misfit = train(spec('whole', { weights: join(dir, 'nowhere.pth') }))
  await expect(misfit).rejects.toMatchObject({ code: 'BAD_WEIGHTS', message: expect.stringContaining('nowhere.pth') })
  expect(await readdir(join(dir, 'whole', 'last'))).toEqual([
    'model.safetensors',
    'previous.safetensors',
    'resume.safetensors',
  ])
})
