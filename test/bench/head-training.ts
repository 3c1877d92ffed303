/**
 * Fine-tuning that is real and cheap enough to be repeated thousands of times: heads for the features that a ResNet-18 of another task
 * makes of photographs at 32 px. The engine makes the features once; a linear head on them is so small (512 × classes) that plain loops train
 * it in a tenth of a second, as an epoch with a frozen body does: softmax cross entropy, AdamW, the engine's schedules and range test.
 * What it comes to depends on the settings as fine-tuning does: too little learns nothing, too much overfits, more explodes.
 */
import {
  fineTunePhases,
  Learner,
  type RateSuggestions,
  ResNet,
  rateFactor,
  type ScheduleName,
  type StateDict,
  suggestRates,
} from '@sporeprint/engine'
import { openImageFolder, openNodeDevice, readWeightsFile } from '@sporeprint/engine/node'
import { type ClassificationReport, classificationReport, softmax } from '@sporeprint/metrics'

/** Pooled features of a ResNet-18. */
const WIDTH = 512
/** Images in a step of the device. */
const BATCH = 60

interface Images {
  /** [n, WIDTH], row by row. */
  features: Float64Array
  /** [n] */
  labels: Uint32Array
}

export interface HeadTask {
  train: Images
  valid: Images
  test: Images
  classes: string[]
}

export interface HeadSettings {
  baseLr: number
  weightDecay: number
  labelSmoothing: number
  batch: number
  schedule: ScheduleName
  pctStart?: number
  /** AdamW's β₁. */
  momentum?: number
  epochs: number
  /** Epochs after which the schedule begins anew. */
  restarts?: readonly number[]
  seed: number
}

/** Features of the photographs of `data`, of whose train/ a quarter is for validation, by the body of `weights`. */
export async function openHeadTask(data: string, weights: string): Promise<HeadTask> {
  const device = await openNodeDevice()
  const images = await openImageFolder(data, { size: 32, valid: 0.25 })
  // The logits of a linear head whose matrix is the identity, one class a feature, are the features.
  const units = Array.from({ length: WIDTH }, (_, i) => `${i}`)
  const model = new ResNet({ arch: 'resnet18', classes: units, head: 'linear' })
  const learner = await Learner.create(device, model, { train: images.train, valid: images.valid, batch: BATCH })
  const body: StateDict = new Map((await readWeightsFile(weights)).tensors)
  const identity = new Float32Array(WIDTH * WIDTH)
  for (let i = 0; i < WIDTH; i++) identity[i * WIDTH + i] = 1
  body.set('fc.weight', { shape: [WIDTH, WIDTH], values: identity })
  body.set('fc.bias', { shape: [WIDTH], values: new Float32Array(WIDTH) })
  learner.load(body)
  const read = async (source: typeof images.train): Promise<Images> => {
    const features = new Float64Array(source.length * WIDTH)
    for (let from = 0; from < source.length; from += BATCH) {
      const count = Math.min(BATCH, source.length - from)
      const pixels = new Uint8Array(BATCH * source.size * source.size * 4)
      await source.read(
        Uint32Array.from({ length: count }, (_, i) => from + i),
        pixels,
      )
      features.set((await learner.logits(pixels)).subarray(0, count * WIDTH), from * WIDTH)
    }
    return { features, labels: source.labels }
  }
  if (images.test === null) throw new Error(`${data} holds no test/, on which winners are compared`)
  const [train, valid, test] = [await read(images.train), await read(images.valid), await read(images.test)]
  const task = { train, valid, test, classes: images.classes }
  learner.destroy()
  await images.close()
  await device.destroy()
  return task
}

export const stepsOfEpoch = ({ train }: HeadTask, batch: number): number =>
  Math.max(1, Math.floor(train.labels.length / batch))

/** A head in training, which stops after any epoch and goes on. */
export class HeadRun {
  readonly #task: HeadTask
  readonly #settings: HeadSettings
  readonly #head: Head
  readonly #reports: ClassificationReport[] = []

  constructor(task: HeadTask, settings: HeadSettings) {
    this.#task = task
    this.#settings = settings
    this.#head = new Head(task, settings)
  }

  /** Trains to the end of epoch `until`: what the validation images say behind each epoch so far. */
  trainTo(until: number): readonly ClassificationReport[] {
    const { epochs, restarts = [], baseLr, schedule, pctStart } = this.#settings
    const shape = { schedule, ...(pctStart !== undefined && { pctStart }) }
    const phases = fineTunePhases({ ...shape, rate: baseLr, freezeEpochs: 0, epochs, restarts })
    const steps = stepsOfEpoch(this.#task, this.#settings.batch)
    while (this.#reports.length < until) {
      let done = this.#reports.length
      const phase = phases.find((phase) => done < phase.epochs || (done -= phase.epochs) < 0)
      if (phase === undefined) throw new RangeError(`there is no epoch ${until} of ${epochs}`)
      // As in the engine, the optimiser begins anew with its schedule.
      if (done === 0) this.#head.forgetMoments()
      for (let step = 0; step < steps; step++) {
        const position = { share: (done * steps + step) / (phase.epochs * steps), epoch: done }
        this.#head.step(baseLr * rateFactor({ name: schedule, ...phase }, position))
      }
      this.#reports.push(this.#head.evaluate(this.#task.valid))
    }
    return this.#reports
  }

  /** What the test images say of it now. */
  test(): ClassificationReport {
    return this.#head.evaluate(this.#task.test)
  }
}

/** The range test of the engine: so many steps at rising rates, and what its rules make of the smoothed losses. */
export function findHeadRate(task: HeadTask, settings: HeadSettings, steps: number): RateSuggestions {
  const head = new Head(task, settings)
  const [rates, losses]: [number[], number[]] = [[], []]
  let mean = 0
  for (let step = 0; step < steps; step++) {
    const rate = 1e-7 * (10 / 1e-7) ** (step / steps)
    mean = 0.98 * mean + 0.02 * head.step(rate)
    const smooth = mean / (1 - 0.98 ** (step + 1))
    if (!Number.isFinite(smooth) || smooth > 4 * Math.min(...losses, smooth)) break
    rates.push(rate)
    losses.push(smooth)
  }
  return suggestRates({ rates, losses }, steps)
}

/** Weights [classes, WIDTH + 1], the last of each row the bias, and AdamW's moments (Loshchilov & Hutter, 2019). */
class Head {
  readonly #task: HeadTask
  readonly #settings: HeadSettings
  readonly #weight: Float64Array
  readonly #mean: Float64Array
  readonly #square: Float64Array
  readonly #gradient: Float64Array
  readonly #order: number[]
  readonly #random: () => number
  /** Steps since the moments were empty, and since the beginning. */
  #updates = 0
  #steps = 0

  constructor(task: HeadTask, settings: HeadSettings) {
    const size = task.classes.length * (WIDTH + 1)
    this.#task = task
    this.#settings = settings
    this.#weight = new Float64Array(size)
    this.#mean = new Float64Array(size)
    this.#square = new Float64Array(size)
    this.#gradient = new Float64Array(size)
    this.#order = Array.from(task.train.labels, (_, i) => i)
    this.#random = mulberry32(settings.seed)
  }

  forgetMoments(): void {
    this.#mean.fill(0)
    this.#square.fill(0)
    this.#updates = 0
  }

  /** One step at `rate`; the loss of its batch before it. */
  step(rate: number): number {
    const { train, classes } = this.#task
    const { batch, labelSmoothing } = this.#settings
    const at = this.#steps++ % stepsOfEpoch(this.#task, batch)
    if (at === 0) shuffle(this.#order, this.#random)
    const images = this.#order.slice(at * batch, (at + 1) * batch)
    const gradient = this.#gradient.fill(0)
    let loss = 0
    for (const image of images) {
      const p = softmax(this.#logits(train.features, image), classes.length)
      for (let k = 0; k < classes.length; k++) {
        const wanted = labelSmoothing / classes.length + (train.labels[image] === k ? 1 - labelSmoothing : 0)
        loss -= wanted * Math.log(Math.max(p[k] as number, 1e-300))
        const error = ((p[k] as number) - wanted) / images.length
        const row = k * (WIDTH + 1)
        for (let f = 0; f < WIDTH; f++) {
          gradient[row + f] = (gradient[row + f] as number) + error * (train.features[image * WIDTH + f] as number)
        }
        gradient[row + WIDTH] = (gradient[row + WIDTH] as number) + error
      }
    }
    this.#update(rate)
    return loss / images.length
  }

  #update(rate: number): void {
    const { weightDecay, momentum = 0.9 } = this.#settings
    this.#updates++
    const decay = 1 - rate * weightDecay
    const toMean = 1 / (1 - momentum ** this.#updates)
    const toSquare = 1 / (1 - 0.99 ** this.#updates)
    for (let i = 0; i < this.#weight.length; i++) {
      const g = this.#gradient[i] as number
      const mean = (this.#mean[i] = momentum * (this.#mean[i] as number) + (1 - momentum) * g)
      const square = (this.#square[i] = 0.99 * (this.#square[i] as number) + 0.01 * g * g)
      this.#weight[i] =
        (this.#weight[i] as number) * decay - (rate * mean * toMean) / (Math.sqrt(square * toSquare) + 1e-5)
    }
  }

  evaluate({ features, labels }: Images): ClassificationReport {
    const { classes } = this.#task
    const logits = new Float64Array(labels.length * classes.length)
    for (let image = 0; image < labels.length; image++) {
      logits.set(this.#logits(features, image), image * classes.length)
    }
    return classificationReport({ classes, labels, logits })
  }

  /** [classes] */
  #logits(features: Float64Array, image: number): Float64Array {
    const logits = new Float64Array(this.#task.classes.length)
    for (let k = 0; k < logits.length; k++) {
      const row = k * (WIDTH + 1)
      let logit = this.#weight[row + WIDTH] as number
      for (let f = 0; f < WIDTH; f++) {
        logit += (this.#weight[row + f] as number) * (features[image * WIDTH + f] as number)
      }
      logits[k] = logit
    }
    return logits
  }
}

function shuffle(order: number[], random: () => number): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    ;[order[i], order[j]] = [order[j] as number, order[i] as number]
  }
}

function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
