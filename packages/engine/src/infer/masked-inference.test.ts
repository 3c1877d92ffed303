import {
  composed,
  emptyMasks,
  gridSegments,
  hiddenImage,
  type Pixels,
  type Scene,
  show,
  showAll,
} from '@sporeprint/explain'
import { softmax } from '@sporeprint/metrics'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { pcg4d } from '../kernels/random.ts'
import { colouredSource } from '../train/testing.ts'
import { Classifier } from './classifier.ts'
import { MaskedInference } from './masked-inference.ts'
import { freshModel } from './testing.ts'

const [size, batch] = [32, 8]
let device: Device
let classifier: Classifier
let masked: MaskedInference
let image: Pixels
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
  const source = colouredSource(1, size)
  classifier = await Classifier.load(device, freshModel('linear', source.classes, size), { batch })
  masked = await MaskedInference.record(device, classifier.model, classifier.store, { batch, size })
  const data = new Uint8Array(4 * size * size)
  await source.read([1], data)
  image = { width: size, height: size, data }
})
afterAll(async () => {
  masked.destroy()
  classifier.destroy()
  await device.destroy()
})

/** Cells of `cell` pixels, half of them shown in each of `samples` samples but the first, which shows all. */
function question(cell: number, samples: number) {
  const segments = gridSegments(size, size, cell)
  const scene: Scene = { image, hidden: hiddenImage(image, segments), segments }
  const masks = emptyMasks(samples, segments.count)
  showAll(masks, 0)
  for (let s = 1; s < samples; s++) {
    for (let f = 0; f < segments.count; f++) if (pcg4d(s, f, 0, 0)[0] & 1) show(masks, s, f)
  }
  return { scene, masks }
}

test.each([
  ['one sample', 32, 1],
  ['a batch and a part of one', 5, 2 * batch + 3],
  ['a thousand segments, each a pixel', 1, batch],
])('%s: probabilities are those of the composed pictures, to the bit', async (_, cell, samples) => {
  const { scene, masks } = question(cell, samples)
  const before = masked.uploaded
  const probabilities = await masked.classifyMasked(scene, masks)
  const pictures = new Uint8Array(samples * 4 * size * size)
  for (let s = 0; s < samples; s++) pictures.set(composed(scene, masks, s).data, s * 4 * size * size)
  expect(probabilities).toEqual(softmax(await classifier.logits(pictures), 3))
  // A picture, what hides it and the labels, then bits and a word for each batch.
  const bits = 4 * (masks.words.length + Math.ceil(samples / batch))
  expect(masked.uploaded - before).toBe(12 * size * size + bits)
  // The same scene again is there already.
  await masked.classifyMasked(scene, masks)
  expect(masked.uploaded - before).toBe(12 * size * size + 2 * bits)
})

test('says how far it is, stops when it is told to, and refuses a picture of another size', async () => {
  const { scene, masks } = question(8, 2 * batch)
  const abort = new AbortController()
  const heard: number[] = []
  const onBatch = (samples: number): void => {
    heard.push(samples)
    abort.abort()
  }
  await expect(masked.classifyMasked(scene, masks, { signal: abort.signal, onBatch })).rejects.toMatchObject({
    code: 'ABORTED',
  })
  expect(heard).toEqual([batch])
  const small = gridSegments(16, 16, 4)
  const picture = { width: 16, height: 16, data: new Uint8Array(4 * 256) }
  const wrong = { image: picture, hidden: picture, segments: small }
  await expect(masked.classifyMasked(wrong, emptyMasks(1, small.count))).rejects.toMatchObject({
    code: 'BAD_CONFIG',
    message: 'the picture is 16 × 16: this network was loaded for 32 × 32 pixels',
  })
})
