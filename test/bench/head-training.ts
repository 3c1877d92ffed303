/**
 * Fine-tuning that is real and cheap enough to be repeated hundreds of times: the head of a ResNet-18 on photographs at 32 px, by the
 * engine, with a frozen body whose features are computed once a run. What it comes to depends on rates, decay, momentum and schedule as
 * fine-tuning does: too little learns nothing, too much overfits.
 */
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Device,
  EngineError,
  fineTunePhases,
  Learner,
  type RateSuggestions,
  ResNet,
  type ScheduleName,
  type StateDict,
} from '@sporeprint/engine'
import { type ImageFolder, openImageFolder, openNodeDevice, readWeightsFile } from '@sporeprint/engine/node'
import type { Parameters, Space } from '@sporeprint/tuning'

/** As wide as somebody searches who knows nothing of the task. */
export const HEAD_SPACE: Space = {
  baseLr: { kind: 'float', low: 1e-5, high: 1, log: true },
  weightDecay: { kind: 'float', low: 1e-4, high: 1, log: true },
  momentum: { kind: 'float', low: 0.7, high: 0.99 },
  schedule: { kind: 'categorical', choices: ['flat_cos', 'one_cycle', 'cosine'] },
  pctStart: { kind: 'float', low: 0.1, high: 0.9 },
}

/** Images of each class to learn from, and as many to validate on; images in a step. */
const IMAGES = 60
const BATCH = 8
const SIZE = 32

const frozen = { below: 'head', norms: 'frozen' } as const

export interface HeadTask {
  /** Steps of an epoch. */
  readonly steps: number
  begin(parameters: Parameters, epochs: number, restarts: readonly number[], seed: number): Promise<HeadRun>
  /** What the range test suggests, after so many steps. */
  findRate(steps: number, seed: number): Promise<RateSuggestions>
  close(): Promise<void>
}

/** One training, which stops and goes on. */
export interface HeadRun {
  /** Trains to the end of epoch `until`; the validation loss of each epoch so far, NaN from where it diverged on. */
  trainTo(until: number): Promise<readonly number[]>
  end(): void
}

/** On some of the photographs of `data`, a folder with `train/`, from the weights of another task. */
export async function openHeadTask(data: string, weights: string): Promise<HeadTask> {
  const folder = await mkdtemp(join(tmpdir(), 'sporeprint-heads-'))
  await copySome(data, folder)
  const device = await openNodeDevice()
  const images = await openImageFolder(folder, { size: SIZE })
  const { tensors } = await readWeightsFile(weights)
  const create = (parameters: Parameters, seed: number) => createLearner(device, images, tensors, parameters, seed)
  return {
    steps: Math.floor(images.train.length / BATCH),
    begin: async (parameters, epochs, restarts, seed) =>
      headRun(await create(parameters, seed), parameters, epochs, restarts),
    findRate: async (steps, seed) => {
      const learner = await create({ weightDecay: 0.01, momentum: 0.9 }, seed)
      const { suggestions } = await learner.lrFind({ steps, frozen })
      learner.destroy()
      return suggestions
    },
    close: async () => {
      await images.close()
      await device.destroy()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function copySome(data: string, folder: string): Promise<void> {
  for (const label of await readdir(join(data, 'train'))) {
    const names = (await readdir(join(data, 'train', label))).sort()
    for (const [split, some] of Object.entries({ train: names.slice(0, IMAGES), valid: names.slice(-IMAGES) })) {
      await mkdir(join(folder, split, label), { recursive: true })
      for (const name of some) await cp(join(data, 'train', label, name), join(folder, split, label, name))
    }
  }
}

async function createLearner(
  device: Device,
  images: ImageFolder,
  weights: StateDict,
  { weightDecay, momentum }: Parameters,
  seed: number,
): Promise<Learner> {
  const model = new ResNet({ arch: 'resnet18', classes: images.classes, head: 'concat' })
  const learner = await Learner.create(device, model, {
    train: images.train,
    valid: images.valid,
    batch: BATCH,
    seed,
    weightDecay: weightDecay as number,
    betas: [momentum as number, 0.99],
    frozen,
  })
  learner.load(weights)
  return learner
}

function headRun(learner: Learner, parameters: Parameters, epochs: number, restarts: readonly number[]): HeadRun {
  const { baseLr, schedule, pctStart } = parameters
  const whole = { rate: baseLr as number, schedule: schedule as ScheduleName, pctStart: pctStart as number, frozen }
  const phases = fineTunePhases({ ...whole, freezeEpochs: 0, epochs, restarts })
  const losses: number[] = []
  const training = (async function* () {
    for (const phase of phases) yield* learner.fit(phase)
  })()
  return {
    trainTo: async (until) => {
      while (losses.length < until) {
        try {
          const { value } = await training.next()
          losses.push(value?.validLoss ?? Number.NaN)
        } catch (error) {
          if (!(error instanceof EngineError && error.code === 'DIVERGED')) throw error
          losses.push(Number.NaN)
        }
      }
      return losses
    },
    end: () => learner.destroy(),
  }
}
