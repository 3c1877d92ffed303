/**
 * The handler of the tests' workers: it really fits something, a line to four points by gradient descent, and keeps its
 * checkpoints, obeys its signal and resumes as a training does. The contract is what is tested, not the training.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { accuracy, bootstrapConfusion, type Evaluation } from '@sporeprint/metrics'
import { CrashError, type Handlers } from '../jobs/contracts.ts'
import type { ExplainedImage, ExplainedLabel, PredictedImage, PredictResult } from '../jobs/serving.ts'
import type { EpochRecord, RetoldEvent } from '../jobs/train-events.ts'

export const stepsPerEpoch = 5

const xs = [0, 1, 2, 3]
const ys = [1, 3, 5, 7]

interface State {
  step: number
  slope: number
  offset: number
  /** All that makes its curves. */
  told: RetoldEvent['events']
}

/** One step down the gradient of the mean squared error; gives the loss before it. */
function descend(state: State, rate: number): number {
  const errors = xs.map((x, i) => state.slope * x + state.offset - (ys[i] ?? 0))
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  state.slope -= rate * 2 * mean(errors.map((error, i) => error * (xs[i] ?? 0)))
  state.offset -= rate * 2 * mean(errors)
  state.step += 1
  return mean(errors.map((error) => error * error))
}

export interface TrainerOptions {
  /** Why no model can be calibrated. */
  uncalibrated?: string
  /** Pause after each step, so that a test can act while it trains. */
  stepMs?: number
  /** Fails, or has its process die, once this step is reached on the first attempt. */
  failAt?: { step: number; error: Error }
}

export const trainer = ({ stepMs = 0, failAt, uncalibrated }: TrainerOptions = {}): Handlers => ({
  async evaluate({ splits, calibrate }, { signal, progress }) {
    for (const [done, stage] of splits.entries()) {
      signal.throwIfAborted()
      progress({ stage, done, total: splits.length })
      // As long as an epoch takes.
      if (stepMs > 0) await sleep(stepsPerEpoch * stepMs, undefined, { signal })
    }
    // Like a dataset without a test split.
    const there = splits.filter((split) => split !== 'test')
    return {
      evaluations: there.map((split) => ({ ...fullEvaluation, split, withoutNearDuplicates: null })),
      nearDuplicates: { count: 1, pairs: [nearDuplicate] },
      calibration: calibrate && uncalibrated === undefined ? modelCalibration : null,
      uncalibrated: (calibrate && uncalibrated) || null,
      warnings: calibrate ? [] : ['the model is not calibrated'],
    }
  },

  async predict({ images, settings }, { signal, progress }) {
    const result: PredictResult = {
      modelSha256,
      classes,
      temperature: settings.temperature ?? 1,
      images: [],
      skipped: [],
    }
    for (const [index, { path }] of images.entries()) {
      signal.throwIfAborted()
      progress({ stage: 'classify', done: index, total: images.length })
      if (stepMs > 0) await sleep(stepMs, undefined, { signal })
      const bytes = await readFile(path)
      if (bytes.includes(0)) result.skipped.push({ path: images[index]?.name ?? '', reason: 'is not an image' })
      else result.images.push({ index, ...classified(bytes, settings.abstain, result.temperature) })
    }
    return result
  },

  async explain({ images, settings }) {
    const explained = images.map(async ({ path, labels }): Promise<ExplainedImage> => {
      const bytes = await readFile(path)
      const { sha256, thumbnail: picture, probabilities } = classified(bytes, 0, 1)
      const wanted = labels ?? settings.labels ?? ['a', 'b'].slice(0, settings.topLabels)
      const byPixel = settings.method === 'occlusion' || settings.method === 'gradcam'
      return {
        ...{ sha256, picture, probabilities, samples: settings.samples, seconds: 0.5 },
        segments: byPixel ? null : { count: 2, runs: [0, 2, 1, 2] },
        labels: wanted.map((label) => explainedLabel(label, probabilities[classes.indexOf(label)] ?? 0, byPixel)),
      }
    })
    return { modelSha256, classes, size: 2, images: await Promise.all(explained) }
  },

  async findRate() {
    return { range: { rate: 0.05, low: 0.01, high: 0.25 } }
  },

  async train({ config, outDir, resume, until }, { signal, report }) {
    await mkdir(outDir, { recursive: true })
    const file = join(outDir, 'last.json')
    const saved = resume ? await readFile(file, 'utf8').catch(() => null) : null
    const state: State = saved ? JSON.parse(saved) : { step: 0, slope: 0, offset: 0, told: [] }
    const steps = config.epochs * stepsPerEpoch

    report({ type: 'prepare', stage: 'images', done: 4, total: 4 })
    report({
      type: 'start',
      adapter: { name: 'arithmetic', vendor: 'node', software: true },
      classes: ['a', 'b'],
      images: { train: 4, valid: 4, test: 0 },
      skipped: [{ path: 'a/broken.jpg', reason: 'no image' }],
      parameters: 2,
      peakBytes: 16,
      steps,
      step: state.step,
    })
    if (saved) report({ type: 'retold', events: state.told })
    const tell = (event: RetoldEvent['events'][number]): void => {
      state.told.push(event)
      report(event)
    }
    const end = Math.min(until ?? Number.POSITIVE_INFINITY, config.epochs) * stepsPerEpoch
    while (state.step < end) {
      signal.throwIfAborted()
      const loss = descend(state, config.baseLr)
      const epoch = Math.ceil(state.step / stepsPerEpoch) - 1
      tell({
        type: 'step',
        epoch,
        phase: 'unfrozen',
        step: state.step,
        steps,
        loss,
        smoothLoss: loss,
        lr: config.baseLr,
        imagesPerSecond: 400,
        secondsLeft: steps - state.step,
      })
      if (failAt && state.step === failAt.step && !resume) throw failAt.error
      if (state.step % stepsPerEpoch === 0) {
        tell({ type: 'epoch', epoch: epochRecord(epoch, loss, config.baseLr), step: state.step })
        const checkpoints = (['last', 'best'] as const).map((kind) => ({ kind, path: join(outDir, kind), epoch }))
        const written = checkpoints.map((checkpoint) => ({ type: 'checkpoint' as const, ...checkpoint }))
        state.told.push(...written)
        await writeFile(file, JSON.stringify(state))
        written.forEach(report)
      }
      if (stepMs > 0) await sleep(stepMs, undefined, { signal })
    }
    if (until !== null) return report({ type: 'evaluation', split: 'valid', report: evaluation })
    report({ type: 'log', level: 'info', message: `slope ${state.slope.toFixed(3)}` })
    report({ type: 'evaluation', split: 'valid', report: evaluation })
  },
})

const classes = ['a', 'b']
const modelSha256 = 'c0ffee00'.repeat(8)

/** Which of the letters a and b a file has more of: a classifier whose answers show which file it was given. */
function classified(bytes: Buffer, abstain: number, temperature: number): Omit<PredictedImage, 'index'> {
  const logits = classes.map((letter) => bytes.toString('latin1').split(letter).length - 1)
  const exponentials = logits.map((logit) => Math.exp(logit / temperature))
  const sum = exponentials.reduce((total, value) => total + value, 0)
  const probabilities = exponentials.map((value) => value / sum)
  const confidence = Math.max(...probabilities)
  const label = classes[probabilities.indexOf(confidence)] ?? null
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    label: confidence < abstain ? null : label,
    ...{ confidence, probabilities, logits },
    distance: 1 - confidence,
    outlier: confidence < 0.6,
    thumbnail: 'data:image/png;base64,iVBORw0KGgo=',
  }
}

const explainedLabel = (label: string, probability: number, byPixel: boolean): ExplainedLabel =>
  byPixel
    ? {
        label,
        probability,
        weights: null,
        intercept: null,
        r2: null,
        localPrediction: null,
        map: pixelMap,
        faithfulness: null,
      }
    : {
        ...{
          label,
          probability,
          map: null,
          faithfulness: null,
          intercept: 0.25,
          r2: 0.9,
          localPrediction: probability,
        },
        weights: [
          { segment: 1, weight: 0.5, low: 0.4, high: 0.6 },
          { segment: 0, weight: -0.25 },
        ],
      }

/** 2 × 2. */
const pixelMap = Buffer.from(Float32Array.of(0, 0.5, 0.25, 1).buffer).toString('base64')

const epochRecord = (epoch: number, loss: number, lr: number): EpochRecord => ({
  epoch,
  phase: 'unfrozen',
  trainLoss: loss,
  validLoss: loss,
  accuracy: 0.75,
  f1Weighted: 0.7,
  f1Micro: 0.75,
  f1Macro: 0.65,
  seconds: 0.1,
  lr,
})

const evaluation = {
  n: 4,
  loss: 0.5,
  accuracy: 0.75,
  f1Weighted: 0.7333,
  f1Micro: 0.75,
  f1Macro: 0.7333,
  byClass: [
    { class: 'a', precision: 0.6667, recall: 1, f1: 0.8, count: 2 },
    { class: 'b', precision: 1, recall: 0.5, f1: 0.6667, count: 2 },
  ],
  confusion: [
    [2, 0],
    [1, 1],
  ],
}

const score = bootstrapConfusion(evaluation.confusion, { accuracy }).accuracy

const nearDuplicate = {
  distance: 2,
  first: { path: 'a/1.jpg', class: 'a', split: 'train' },
  second: { path: 'a/2.png', class: 'a', split: 'valid' },
} as const

const mistake = (path: string) => ({
  path,
  actual: 'b',
  predicted: 'a',
  loss: 1.2,
  confidence: 0.7,
  probability: 0.3,
  thumbnail: 'data:image/png;base64,iVBORw0KGgo=',
})

export const modelCalibration = { images: 4, temperature: 1.25, before: 0.6, after: 0.5, distance95: 0.4 }

export const fullEvaluation: Evaluation = {
  ...evaluation,
  level: 0.95,
  scores: {
    accuracy: score,
    balancedAccuracy: score,
    f1Weighted: score,
    f1Micro: score,
    f1Macro: score,
    cohenKappa: score,
    matthews: score,
  },
  logLoss: 0.5,
  brier: 0.3,
  topK: [0.75, 1],
  rocAuc: null,
  averagePrecision: 0.9,
  calibration: { bins: [{ low: 0, high: 1, count: 4, confidence: 0.8, accuracy: 0.75 }], ece: 0.05, mce: 0.05 },
  temperature: 1.2,
  mostConfused: [{ actual: 'b', predicted: 'a', count: 1, images: [mistake('b/1.jpg')] }],
  topLosses: [mistake('b/2.png')],
  bottomLosses: [],
  slices: [{ by: 'folder', key: 'b', n: 2, loss: Number.NaN, accuracy: score }],
}

/** A process that died, as an engine host's exit is told to the worker. */
export const hostDied = (): CrashError => new CrashError('HOST_DIED', 'The engine host ended with signal SIGSEGV')
