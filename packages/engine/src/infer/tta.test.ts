import { softmax } from '@sporeprint/metrics'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { augmentationPresets } from '../augment/augmentation.ts'
import type { ImageSource } from '../data/image-source.ts'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { ResNet } from '../nn/resnet.ts'
import { Learner } from '../train/learner.ts'
import { colouredSource } from '../train/testing.ts'

let device: Device
let learner: Learner
/** Ten images: the last batch is a partial one. */
const images = (source: ImageSource): ImageSource => ({ ...source, length: 10, labels: source.labels.slice(0, 10) })
const source = images(colouredSource(4, 32, 2))

beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
  const model = new ResNet({ arch: 'resnet18', classes: source.classes, head: 'linear' })
  learner = await Learner.create(device, model, { train: colouredSource(8, 32), valid: source, batch: 4, seed: 7 })
})
afterAll(async () => {
  learner.destroy()
  await device.destroy()
})

/** Images seen in a mirror. */
const mirrored: ImageSource = {
  ...source,
  async read(indices, out) {
    await source.read(indices, out)
    const words = new Uint32Array(out.buffer, out.byteOffset, indices.length * 32 * 32)
    for (let row = 0; row < indices.length * 32; row++) words.subarray(row * 32, (row + 1) * 32).reverse()
  },
}

async function probabilitiesOf(of: ImageSource): Promise<Float64Array> {
  const all = new Float64Array(30)
  for (let first = 0; first < 10; first += 4) {
    const pixels = new Uint8Array(4 * 32 * 32 * 4)
    const indices = [0, 1, 2, 3].map((i) => Math.min(first + i, 9))
    await of.read(indices, pixels)
    const said = softmax(await learner.logits(pixels), 3)
    for (const [i, image] of indices.entries()) all.set(said.subarray(3 * i, 3 * i + 3), 3 * image)
  }
  return all
}

test('versions that are the image itself change nothing', async () => {
  const { report, probabilities } = await learner.tta(source, { augment: augmentationPresets.none, passes: 2 })
  const plain = await learner.evaluate(source)
  expect(report.confusion).toEqual(plain.confusion)
  expect(report.n).toBe(10)
  expect(report.loss).toBeCloseTo(plain.loss, 6)
  const expected = await probabilitiesOf(source)
  for (const [i, p] of probabilities.entries()) expect(p).toBeCloseTo(expected[i] as number, 6)
})

test('a quarter is said of the image and three of its versions, here its mirror image', async () => {
  const augment = { ...augmentationPresets.none, flipP: 1 }
  const { probabilities } = await learner.tta(source, { augment })
  const [plain, mirror] = [await probabilitiesOf(source), await probabilitiesOf(mirrored)]
  for (const [i, p] of probabilities.entries()) {
    expect(p).toBeCloseTo(0.25 * (plain[i] as number) + 0.75 * (mirror[i] as number), 6)
  }
  expect(mirror).not.toEqual(plain)
  const same = await learner.tta(source, { augment })
  expect(same.probabilities).toEqual(probabilities)
})

test('numbers out of their range are refused', async () => {
  const augment = augmentationPresets.default
  await expect(learner.tta(source, { augment, passes: 0 })).rejects.toThrow('passes must be')
  await expect(learner.tta(source, { augment, share: 2 })).rejects.toThrow('share must be')
})
