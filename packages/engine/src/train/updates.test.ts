/** What becomes of gradients, by whole learners: gathered, clipped, averaged, and the same when a run goes on from its checkpoint. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { epsilon } from '../kernels/testing.ts'
import { type Head, ResNet } from '../nn/resnet.ts'
import { RunFolder } from './checkpoint.ts'
import { Learner } from './learner.ts'
import { keptBuffers, type LearnerOptions } from './learner-options.ts'
import type { FitOptions } from './phases.ts'
import type { EpochRecord, OptimizerName, Precision, TrainSpec } from './spec.ts'
import { colouredSource } from './testing.ts'

let device: Device
let dir: string
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-updates-'))
})
afterAll(async () => {
  await device.destroy()
  await rm(dir, { recursive: true, force: true })
})

const train = colouredSource(8, 32)
const valid = colouredSource(4, 32, 2)

const createLearner = (options: Partial<LearnerOptions> = {}, head: Head = 'linear'): Promise<Learner> =>
  Learner.create(device, new ResNet({ arch: 'resnet18', classes: train.classes, head }), {
    train,
    valid,
    batch: 8,
    seed: 7,
    ...options,
  })

async function fit(learner: Learner, options: Partial<FitOptions> = {}): Promise<EpochRecord[]> {
  const epochs: EpochRecord[] = []
  for await (const epoch of learner.fit({ epochs: 1, rate: 1e-3, schedule: 'constant', ...options })) epochs.push(epoch)
  return epochs
}

const distance = (a: Float32Array, b: Float32Array): number =>
  Math.sqrt(a.reduce((sum, v, i) => sum + (v - (b[i] ?? Number.NaN)) ** 2, 0))

/** Three batches of 8: an epoch is one update. */
const oneUpdate: Partial<LearnerOptions> = { accumulate: 3 }

/** One update of plain SGD of everything: what moves is rate · gradient. */
async function plainStep(options: Partial<LearnerOptions>) {
  const plain = { ...oneUpdate, optimizer: 'sgd', betas: [0, 0], weightDecay: 0 } as const
  const learner = await createLearner({ ...plain, ...options })
  const before = await learner.store.readAll('parameters')
  await fit(learner, { rate: 1, rates: [0.5, 0.5, 0.5] })
  const after = await learner.store.readAll('parameters')
  learner.destroy()
  return { before, after, moved: distance(before, after) }
}

test('clipping leaves a move as long as the rate times the greatest norm, in the direction that it had', async () => {
  const free = await plainStep({})
  expect(free.moved / 0.5).toBeGreaterThan(0.2)
  const clipped = await plainStep({ clipNorm: 0.1 })
  // A parameter of magnitude 1 rounds a move of it by ε: √n of them over a move of .05.
  const bound = (epsilon * Math.sqrt(free.before.reduce((sum, v) => sum + v * v, 0))) / 0.05
  expect(Math.abs(clipped.moved / 0.05 - 1)).toBeLessThan(bound + 1e-5)
  const share = clipped.moved / free.moved
  const along = free.before.map((v, i) => v + share * (free.after[i]! - v))
  expect(distance(clipped.after, along) / clipped.moved).toBeLessThan(2 * bound + 1e-4)
  expect((await plainStep({ clipNorm: 1e6 })).after).toEqual(free.after)
})

test('gathered batches move a head, whose body stands still, as one batch of all their images', async () => {
  const step = async (options: Partial<LearnerOptions>) => {
    const learner = await createLearner({ betas: [0.5, 0.9], sampling: 'sequential', ...options })
    const before = await learner.store.readAll('parameters')
    await fit(learner, { epochs: 2, frozen: { below: 'head', norms: 'frozen' } })
    const after = await learner.store.readAll('parameters')
    const { update, step } = learner.progress
    learner.destroy()
    return { after, moved: distance(before, after), update, step }
  }
  for (const classWeights of [null, [0.5, 1, 3]]) {
    const whole = await step({ batch: 8, classWeights })
    const gathered = await step({ batch: 4, accumulate: 2, classWeights })
    expect(whole).toMatchObject({ update: 6, step: 6 })
    expect(gathered).toMatchObject({ update: 6, step: 12 })
    // Adam divides by the gradient's magnitude: where that is next to nothing, rounding shows.
    expect(distance(whole.after, gathered.after)).toBeLessThan(1e-3 * whole.moved)
    // Three batches of two groups: the second is smaller.
    expect(await step({ batch: 8, accumulate: 2, classWeights })).toMatchObject({ update: 4, step: 6 })
  }
})

test('averaged weights lie between those before and after an update, and are what is evaluated and saved', async () => {
  const learner = await createLearner({ ...oneUpdate, emaDecay: 0.75 })
  const before = await learner.store.readAll('parameters')
  const statesBefore = await learner.store.readAll('states')
  expect(await learner.store.readAll('averageParameters')).toEqual(before)
  const [epoch] = await fit(learner)
  const after = await learner.store.readAll('parameters')
  const average = await learner.store.readAll('averageParameters')
  const expected = before.map((v, i) => 0.75 * v + 0.25 * after[i]!)
  expect(distance(average, expected)).toBeLessThan(1e-5 * distance(before, after))
  const states = await learner.store.readAll('states')
  const averageStates = await learner.store.readAll('averageStates')
  const expectedStates = statesBefore.map((v, i) => 0.75 * v + 0.25 * states[i]!)
  expect(distance(averageStates, expectedStates)).toBeLessThan(1e-5 * distance(statesBefore, states))

  const saved = await learner.stateDict()
  learner.destroy()
  const other = await createLearner({ seed: 8 })
  other.load(saved)
  expect(await other.store.readAll('parameters')).toEqual(average)
  const report = await other.evaluate(valid, { labelSmoothing: 0.1 })
  expect([report.loss, report.accuracy]).toEqual([epoch?.validLoss, epoch?.accuracy])
  other.destroy()
})

test('weight decay leaves batch norms and biases alone, unless they are to decay too', async () => {
  const gammas = async (decayNorms: boolean): Promise<Float32Array> => {
    const learner = await createLearner({ ...oneUpdate, weightDecay: 0.5, decayNorms })
    await fit(learner, { rate: 0.01 })
    const dict = await learner.stateDict()
    learner.destroy()
    return dict.get('layer3.0.bn1.weight')!.values
  }
  const [plain, decayed] = [await gammas(false), await gammas(true)]
  // The same first gradient; γ was 1, of which rate · decay is taken.
  for (const [i, v] of decayed.entries()) expect(Math.abs(plain[i]! - v - 0.005)).toBeLessThan(4 * epsilon)
})

test('class weights reach the loss of training and that of validation; of equal ones there is nothing to see', async () => {
  const losses = async (classWeights: number[] | null): Promise<number[]> => {
    const learner = await createLearner({ ...oneUpdate, classWeights })
    const steps: number[] = []
    const [epoch] = await fit(learner, { onStep: ({ loss }) => steps.push(loss) })
    const report = await learner.evaluate(valid, { labelSmoothing: 0.1, classWeights })
    expect(report.loss).toBe(epoch?.validLoss)
    learner.destroy()
    return steps
  }
  const [plain, equal, unequal] = [await losses(null), await losses([4, 4, 4]), await losses([8, 1, 1])]
  // No update comes between these steps.
  for (const [i, loss] of plain.entries()) expect(Math.abs(equal[i]! / loss - 1)).toBeLessThan(64 * epsilon)
  for (const [i, loss] of plain.entries()) expect(Math.abs(unequal[i]! / loss - 1)).toBeGreaterThan(1e-3)
})

test('options out of their range are refused by name', async () => {
  const refused = createLearner({ accumulate: 1.5, clipNorm: 0, emaDecay: 1, classWeights: [1, 2] })
  await expect(refused).rejects.toMatchObject({ code: 'BAD_CONFIG' })
  await expect(refused).rejects.toThrow(/accumulate.*1\.5; clipNorm.*0; emaDecay.*1; classWeights must be 3 numbers.*2/)
})

/** Of a run that stops after two epochs and goes on from its checkpoint, or that is left alone: all that it leaves. */
async function run(options: Partial<LearnerOptions>, phase: FitOptions, stops: boolean) {
  let learner = await createLearner(options)
  const kept = { optimizer: 'adamw', precision: 'f32', emaDecay: null, ...options } as {
    optimizer: OptimizerName
    precision: Precision
    emaDecay: number | null
  }
  const epochs: EpochRecord[] = []
  if (stops) {
    const folder = new RunFolder(join(dir, JSON.stringify(kept).replaceAll(/\W/g, '')))
    for await (const epoch of learner.fit(phase)) {
      epochs.push(epoch)
      const progress = learner.progress
      const position = { spec: kept as TrainSpec, classes: train.classes, images: '', progress, history: epochs }
      await folder.savePosition(learner, position)
      if (epochs.length === 2) break
    }
    learner.destroy()
    learner = await createLearner(options)
    const saved = await folder.readPosition()
    saved?.restore(learner)
  }
  for await (const epoch of learner.fit({ ...phase, done: epochs.length })) epochs.push(epoch)
  const buffers = new Map<string, Float32Array>()
  for (const name of keptBuffers(kept)) buffers.set(name, await learner.store.readAll(name))
  const { progress } = learner
  learner.destroy()
  return { epochs: epochs.map(({ seconds, ...rest }) => rest), buffers, progress: { ...progress } }
}

const everything: Partial<LearnerOptions> = { accumulate: 2, clipNorm: 0.5, emaDecay: 0.9, classWeights: [1, 2, 3] }
/** A patience that is over in the first run, so that what a plateau remembers tells. */
const plateau: FitOptions = {
  epochs: 5,
  rate: 0.02,
  schedule: 'plateau',
  plateauPatience: 0,
  gamma: 0.5,
  threshold: 0.5,
}

test.each<[string, Partial<LearnerOptions>]>([
  ['AdamW', { ...everything, optimizer: 'adamw' }],
  ['Nesterov’s SGD', { ...everything, optimizer: 'nesterov' }],
  ['AdamW in mixed precision (f16)', { ...everything, optimizer: 'adamw', precision: 'mixed' }],
])(
  'a run of %s, gathering, clipping, averaging and on a plateau, goes on to the bits of one that was left alone',
  async (_, options) => {
    const whole = await run(options, plateau, false)
    expect(whole.epochs).toHaveLength(5)
    expect(whole.progress.plateau.factor).toBeLessThan(1)
    expect(new Set(whole.epochs.map(({ lr }) => lr)).size).toBeGreaterThan(1)
    expect(await run(options, plateau, true)).toEqual(whole)
  },
)
