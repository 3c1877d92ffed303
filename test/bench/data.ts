/**
 * Data at scale: a folder of very many distinct photographs, how long it takes to open, how fast images come out of it, how long a step
 * of training waits for them, and the resident memory of it all. The folder and its cache are made anew, and removed at the end.
 *
 *   npm run bench:data -w test -- [files, 100000 by default] [steps of training, 40 by default; 0 for none]
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  batches,
  type ImageFolder,
  type ImageSource,
  Learner,
  openImageFolder,
  openNodeDevice,
  ResNet,
} from '@sporeprint/engine/node'
import { writeManyFiles } from './many-files.ts'

const files = Number(process.argv[2] ?? 100_000)
const steps = Number(process.argv[3] ?? 40)
/** Pictures of the folder; the side that loading is measured at, and of how many images; what is trained. */
const [side, loadSize, loaded, trainSize, batch] = [256, 224, 4000, 64, 32] as const
/** Of a fast GPU's step of 64 images by ResNet-50: 3,200 images/s. */
const fastStep = 20

const order = { batch: 64, sampling: 'shuffle', seed: 1, epoch: 0, dropLast: true } as const

const dir = await mkdtemp(join(tmpdir(), 'sporeprint-bench-data-'))
const [data, cacheDir] = [join(dir, 'photos'), join(dir, 'cache')]
try {
  const making = performance.now()
  await writeManyFiles(data, files, side)
  tell(`made ${files} JPEGs of ${side} px`, seconds(making))
  await measureOpening('with nothing in the cache')
  await measureLoading()
  await measureOpening(`with ${loaded} images in the cache`)
  if (steps > 0) {
    await measureTraining('decoding as it goes')
    await measureTraining('what it decoded from the cache')
  }
} finally {
  await rm(dir, { recursive: true, force: true })
}

async function measureOpening(state: string): Promise<void> {
  const started = performance.now()
  const folder = await open(loadSize)
  tell(`opened, ${state}`, `${seconds(started)}, resident ${resident()}`)
  await folder.close()
}

/** Batches of 64 at `loadSize`, of the first images. */
async function measureLoading(): Promise<void> {
  // What has been checked counts for as long as the folder is open.
  let folder = await open(loadSize)
  for (const state of ['decoding', 'from the cache, checked', 'from the cache, checked before']) {
    if (state === 'from the cache, checked') {
      await folder.close()
      folder = await open(loadSize)
    }
    const source = first(folder.train, Math.min(loaded, folder.train.length))
    const before = folder.decoded()
    const started = performance.now()
    let images = 0
    for await (const { count } of batches(source, order)) images += count
    const rate = images / ((performance.now() - started) / 1000)
    const decoded = folder.decoded() - before
    tell(
      `loaded at ${loadSize} px, ${state}`,
      `${rate.toFixed(0)} images/s (${decoded} decoded), resident ${resident()}`,
    )
  }
  await folder.close()
  folder = await open(loadSize)
  tell(`a step of ${fastStep} ms waited for 64 images from the cache`, await waitsOfFastSteps(folder))
  await folder.close()
}

/** Steps that take as long as a fast GPU's, and no more of the CPU: how long each waits, but for the first. */
async function waitsOfFastSteps({ train }: ImageFolder): Promise<string> {
  const waits: number[] = []
  let asked = performance.now()
  for await (const _ of batches(first(train, Math.min(loaded, train.length)), order)) {
    waits.push(performance.now() - asked)
    await sleep(fastStep)
    asked = performance.now()
  }
  const [, ...steady] = waits
  const mean = sum(steady) / steady.length
  return `${mean.toFixed(2)} ms, ${((100 * mean) / (mean + fastStep)).toFixed(1)}% of the time; at most ${Math.max(...steady).toFixed(1)} ms`
}

/** The first `steps` steps of an epoch over the whole folder, ResNet-18. */
async function measureTraining(state: string): Promise<void> {
  const folder = await open(trainSize)
  const opened = resident()
  const device = await openNodeDevice()
  const model = new ResNet({ arch: 'resnet18', classes: folder.classes, head: 'concat' })
  const learner = await Learner.create(device, model, { train: folder.train, valid: folder.valid, batch })
  await learner.prepare()
  const prepared = resident()
  const enough = new AbortController()
  const stepMs: number[] = []
  const waits: number[] = []
  let last = 0
  const onStep = ({ step, doneAt, inputWait }: { step: number; doneAt: number; inputWait: number }): void => {
    // The first step is also what the driver makes of the kernels.
    if (step > 0) {
      stepMs.push(doneAt - last)
      waits.push(inputWait)
    }
    last = doneAt
    if (step >= steps) enough.abort()
  }
  const fit = learner.fit({ epochs: 1, rate: 1e-4, signal: enough.signal, onStep })
  await fit.next().catch((error) => {
    if (error.code !== 'ABORTED') throw error
  })
  const total = sum(stepMs)
  tell(
    `ResNet-18, ${trainSize} px, batch ${batch} on ${device.adapter.name}, ${state}`,
    `${((1000 * batch * stepMs.length) / total).toFixed(1)} images/s, ` +
      `waiting for input ${((100 * sum(waits)) / total).toFixed(2)}% of the time (most ${Math.max(...waits).toFixed(1)} ms a step)`,
  )
  tell(
    '  resident',
    `${opened} opened, ${prepared} with device and programs, ${resident()} after ${stepMs.length} steps`,
  )
  learner.destroy()
  await device.destroy()
  await folder.close()
}

function open(size: number): Promise<ImageFolder> {
  return openImageFolder(data, { size, cacheDir })
}

function first(source: ImageSource, length: number): ImageSource {
  return { ...source, length, labels: source.labels.subarray(0, length) }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(2)} s`
}

function resident(): string {
  return `${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`
}

function tell(what: string, figure: string): void {
  console.log(`${what}: ${figure}`)
}
