import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ImageSource } from '../data/image-source.ts'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { ResNet } from '../nn/resnet.ts'
import { Learner } from './learner.ts'
import { colouredSource } from './testing.ts'

let device: Device
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
})
afterAll(() => device.destroy())

const valid = colouredSource(4, 32, 2)
const create = (train: ImageSource): Promise<Learner> =>
  Learner.create(device, new ResNet({ arch: 'resnet18', classes: train.classes, head: 'concat' }), {
    train,
    valid,
    batch: 8,
    trainSize: train.size,
    seed: 7,
  })

const epochOf = async (learner: Learner) => {
  for await (const { seconds, ...epoch } of learner.fit({ epochs: 1, rate: 1e-3 })) return epoch
}

test('a learner that is given smaller images trains as one that was made for them, and then at its own size', async () => {
  const [small, large] = [colouredSource(8, 16), colouredSource(8, 32)]
  const made = await create(small)
  const expected = await epochOf(made)
  const parameters = await made.store.readAll('parameters')
  made.destroy()

  const learner = await create(large)
  learner.resize(16, small)
  // Validation is at 32 px for both.
  expect(await epochOf(learner)).toEqual(expected)
  expect(await learner.store.readAll('parameters')).toEqual(parameters)
  learner.resize(32, large)
  expect((await epochOf(learner))?.epoch).toBe(1)
  device.check()
  learner.destroy()
})
