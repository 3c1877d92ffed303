/**
 * Records what real fine-tuning comes to, for `packages/tuning/bench/quality.ts`: many heads for the features that a ResNet-18 of another
 * task makes of photographs. The engine makes the features once; a head is then so small (features × classes) that loops train it in a
 * tenth of a second, with the engine's schedules, by AdamW, as an epoch with a frozen body does. Parameters are drawn from all of
 * the space by Sobol's sequence; what is kept is the cross entropy on validation images behind the last epoch.
 *
 *   npm run record:tuning -w test -- DATA WEIGHTS OUT.json [runs, 500 by default]
 */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Learner, ResNet, rateFactor, type ScheduleName, type StateDict } from '@sporeprint/engine'
import { openImageFolder, openNodeDevice, readWeightsFile } from '@sporeprint/engine/node'
import { ask, createStudy, type Parameters, type Space, tell } from '@sporeprint/tuning'

const SPACE: Space = {
  baseLr: { kind: 'float', low: 1e-5, high: 1, log: true },
  weightDecay: { kind: 'float', low: 1e-4, high: 10, log: true },
  epochs: { kind: 'int', low: 1, high: 20 },
  batch: { kind: 'int', low: 8, high: 128, log: true },
  labelSmoothing: { kind: 'float', low: 0, high: 0.4 },
  schedule: { kind: 'categorical', choices: ['flat_cos', 'one_cycle', 'cosine', 'constant'] },
}

/** What counts for a run that came to more, or exploded: of three classes, chance is 1.1. */
const WORST = 5

interface Images {
  /** [n, features], row by row. */
  features: Float64Array
  labels: Uint32Array
}

const [data, weights, out, runs = '500'] = process.argv.slice(2)
if (!data || !weights || !out) throw new Error('usage: record-tuning DATA WEIGHTS OUT.json [RUNS]')

// Given from the folder that npm was called in.
const here = process.env.INIT_CWD ?? process.cwd()
const { train, valid, width, classes } = await featuresOf(resolve(here, data), resolve(here, weights))
const study = createStudy({ space: SPACE, sampler: { kind: 'sobol' }, seed: 1 })
const rows: [Parameters, number][] = []
for (let run = 0; run < Number(runs); run++) {
  const trial = ask(study)
  if (trial === null) break
  const came = trainHead(trial.parameters)
  const loss = Number.isNaN(came) ? WORST : Math.min(came, WORST)
  tell(study, trial.number, { values: loss })
  rows.push([trial.parameters, loss])
  if (run % 50 === 49) console.error(`${run + 1} of ${runs} runs`)
}
const names = Object.keys(SPACE)
const text = rows.map(([parameters, loss]) =>
  JSON.stringify([...names.map((name) => rounded(parameters[name])), rounded(loss)]),
)
await writeFile(resolve(here, out), `{ "space": ${JSON.stringify(SPACE)},\n  "runs": [\n${text.join(',\n')}\n] }\n`)

function rounded(value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value
}

/** Pooled features: the logits of a linear head whose matrix is the identity, one class a feature. */
async function featuresOf(data: string, weights: string) {
  const device = await openNodeDevice()
  const images = await openImageFolder(data, { size: 32, valid: 0.25 })
  const width = 512
  const model = new ResNet({
    arch: 'resnet18',
    classes: Array.from({ length: width }, (_, i) => `${i}`),
    head: 'linear',
  })
  const batch = 60
  const learner = await Learner.create(device, model, { train: images.train, valid: images.valid, batch })
  const body: StateDict = new Map((await readWeightsFile(weights)).tensors)
  const identity = new Float32Array(width * width)
  for (let i = 0; i < width; i++) identity[i * width + i] = 1
  body.set('fc.weight', { shape: [width, width], values: identity })
  body.set('fc.bias', { shape: [width], values: new Float32Array(width) })
  learner.load(body)
  const read = async (source: typeof images.train): Promise<Images> => {
    const features = new Float64Array(source.length * width)
    for (let from = 0; from < source.length; from += batch) {
      const count = Math.min(batch, source.length - from)
      const pixels = new Uint8Array(batch * source.size * source.size * 4)
      await source.read(
        Uint32Array.from({ length: count }, (_, i) => from + i),
        pixels,
      )
      features.set((await learner.logits(pixels)).subarray(0, count * width), from * width)
    }
    return { features, labels: source.labels }
  }
  const sets = { train: await read(images.train), valid: await read(images.valid) }
  learner.destroy()
  await images.close()
  await device.destroy()
  return { ...sets, width, classes: images.classes.length }
}

/** AdamW (Loshchilov & Hutter, 2019) on softmax cross entropy; the order of the images is the same in every run. */
function trainHead(parameters: Parameters): number {
  const { baseLr, weightDecay, epochs, batch, labelSmoothing } = parameters as Record<string, number>
  const schedule = parameters.schedule as ScheduleName
  const size = (width + 1) * classes
  const weight = new Float64Array(size)
  const [mean, square, gradient] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)]
  const n = train.labels.length
  const steps = Math.max(1, Math.floor(n / (batch as number)))
  const total = steps * (epochs as number)
  const random = mulberry32(1)
  const order = Array.from({ length: n }, (_, i) => i)
  for (let step = 0; step < total; step++) {
    if (step % steps === 0) shuffle(order, random)
    gradient.fill(0)
    const from = (step % steps) * (batch as number)
    const count = Math.min(batch as number, n)
    for (let b = 0; b < count; b++) {
      const image = order[from + b] as number
      const p = probabilities(train, image, weight)
      const at = image * width
      for (let k = 0; k < classes; k++) {
        const wanted =
          (labelSmoothing as number) / classes + (train.labels[image] === k ? 1 - (labelSmoothing as number) : 0)
        const error = ((p[k] as number) - wanted) / count
        const row = k * (width + 1)
        for (let f = 0; f < width; f++) {
          gradient[row + f] = (gradient[row + f] as number) + error * (train.features[at + f] as number)
        }
        gradient[row + width] = (gradient[row + width] as number) + error
      }
    }
    const position = { share: step / total, epoch: Math.floor(step / steps) }
    const rate = (baseLr as number) * rateFactor({ name: schedule }, position)
    const decay = 1 - rate * (weightDecay as number)
    const [toMean, toSquare] = [1 / (1 - 0.9 ** (step + 1)), 1 / (1 - 0.99 ** (step + 1))]
    for (let i = 0; i < size; i++) {
      const g = gradient[i] as number
      mean[i] = 0.9 * (mean[i] as number) + 0.1 * g
      square[i] = 0.99 * (square[i] as number) + 0.01 * g * g
      const spread = Math.sqrt((square[i] as number) * toSquare) + 1e-5
      weight[i] = (weight[i] as number) * decay - (rate * (mean[i] as number) * toMean) / spread
    }
  }
  let loss = 0
  for (let image = 0; image < valid.labels.length; image++) {
    const p = probabilities(valid, image, weight)
    loss -= Math.log(Math.max(p[valid.labels[image] as number] as number, 1e-12))
  }
  return loss / valid.labels.length
}

function probabilities({ features }: Images, image: number, weight: Float64Array): Float64Array {
  const scores = new Float64Array(classes)
  const at = image * width
  for (let k = 0; k < classes; k++) {
    const row = k * (width + 1)
    let score = weight[row + width] as number
    for (let f = 0; f < width; f++) score += (weight[row + f] as number) * (features[at + f] as number)
    scores[k] = score
  }
  const most = Math.max(...scores)
  const exponentials = scores.map((score) => Math.exp(score - most))
  const sum = exponentials.reduce((sum, e) => sum + e, 0)
  return exponentials.map((e) => e / sum)
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
