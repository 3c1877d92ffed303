import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { ResNet } from '../nn/resnet.ts'
import { Learner } from './learner.ts'
import type { LearnerOptions } from './learner-options.ts'
import { colouredSource } from './testing.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const train = colouredSource(8, 32)
const createLearner = (options: Partial<LearnerOptions> = {}): Promise<Learner> =>
  Learner.create(device, new ResNet({ arch: 'resnet18', classes: train.classes, head: 'linear' }), {
    train,
    valid: colouredSource(4, 32, 2),
    batch: 8,
    seed: 7,
    ...options,
  })

/** An epoch, a sweep or none, and another epoch under the same schedule; all that is left then. */
async function twoEpochs(learner: Learner, between: () => Promise<void>) {
  const epochs = []
  for await (const { seconds, ...epoch } of learner.fit({ epochs: 2, rate: 1e-3, callbacks: [{ onEpoch: between }] }))
    epochs.push(epoch)
  const { buffers, progress } = await learner.snapshot()
  learner.destroy()
  return { epochs, buffers, progress }
}

test('a sweep raises the rate until the loss is lost, and what follows it is the same to the bit', async () => {
  const options = { emaDecay: 0.9, precision: 'f32' } as const
  const undisturbed = await twoEpochs(await createLearner(options), async () => {})
  const learner = await createLearner(options)
  let sweeps = 0
  const found = await twoEpochs(learner, async () => {
    if (sweeps++ > 0) return
    // Over several epochs of three steps.
    const { rates, losses, suggestions } = await learner.lrFind({ steps: 40, to: 1000 })
    expect(rates.length).toBeLessThan(40)
    expect(rates.length).toBeGreaterThan(10)
    for (const [i, rate] of rates.entries()) expect(rate / (1e-7 * 1e10 ** (i / 40))).toBeCloseTo(1, 9)
    expect(losses.every(Number.isFinite)).toBe(true)
    expect(suggestions.minimum).toBe(
      (rates[losses.slice(4, -5).indexOf(Math.min(...losses.slice(4, -5))) + 4] ?? 0) / 10,
    )
  })
  expect(sweeps).toBe(2)
  expect({ ...found, progress: { ...found.progress, secondsOfEpoch: 0 } }).toEqual({
    ...undisturbed,
    progress: { ...undisturbed.progress, secondsOfEpoch: 0 },
  })
})

test('a sweep has as many steps as asked for where nothing is lost, and refuses a batch that there is not', async () => {
  const learner = await createLearner()
  const { losses } = await learner.lrFind({ steps: 7, to: 1e-5 })
  expect(losses).toHaveLength(7)
  expect(learner.progress.step).toBe(0)
  learner.destroy()
  const large = await createLearner({ batch: 25 })
  await expect(large.lrFind()).rejects.toMatchObject({ code: 'BAD_CONFIG' })
  large.destroy()
})
