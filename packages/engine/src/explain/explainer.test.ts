import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composed, decodeRuns, emptyMasks, hiddenImage, perPixel, showAll } from '@sporeprint/explain'
import { softmax } from '@sporeprint/metrics'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeImage } from '../data/decode-image.ts'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { runTask } from '../host/run-task.ts'
import { Classifier } from '../infer/classifier.ts'
import { freshModel } from '../infer/testing.ts'
import { ResNet } from '../nn/resnet.ts'
import { modelMetadata } from '../train/checkpoint.ts'
import type { EpochRecord } from '../train/spec.ts'
import { writeWeightsFile } from '../weights/file.ts'
import { Explainer } from './explainer.ts'
import type { ExplainEvent, ExplainSpec } from './spec.ts'

const size = 32
const classes = ['red', 'green', 'blue']
const saved = freshModel('concat', classes, size)
let dir: string
let device: Device
let explainer: Explainer
let pixels: Uint8Array

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sporeprint-explain-'))
  device = await openNodeDevice({ validation: true })
  explainer = Explainer.load(device, saved, { batch: 8 })
  // Four quarters of a colour each, a little uneven.
  const colours = ['#c03030', '#30a040', '#3050c0', '#d0c040']
  const quarters = colours.map((background, i) => ({
    input: { create: { width: 24, height: 24, channels: 3 as const, background } },
    left: 24 * (i % 2),
    top: 24 * (i >> 1),
  }))
  const canvas = { create: { width: 48, height: 48, channels: 3 as const, background: '#fff' } }
  await sharp(canvas).composite(quarters).png().toFile(join(dir, 'quarters.png'))
  await writeFile(join(dir, 'text.png'), 'no image')
  pixels = await decodeImage(await readFile(join(dir, 'quarters.png')), size)
  const model = new ResNet({ arch: 'resnet18', classes, head: 'concat' })
  const metadata = modelMetadata(model, size, { epoch: 0 } as EpochRecord)
  await writeWeightsFile(join(dir, 'model.safetensors'), { tensors: saved.tensors, metadata })
})
afterAll(async () => {
  explainer.destroy()
  await device.destroy()
  await rm(dir, { recursive: true, force: true })
})

const spec = (change: Partial<ExplainSpec> = {}): ExplainSpec => ({
  model: join(dir, 'model.safetensors'),
  images: [{ path: join(dir, 'quarters.png') }],
  batch: 8,
  settings: { samples: 40, segmenter: { name: 'slic', segments: 12 }, seed: 5 },
  ...change,
})

describe('an image, explained on the device', () => {
  test('by superpixels has the probabilities that the classifier gives, and weights with intervals for the likeliest class', async () => {
    const explained = await explainer.explain(pixels, { samples: 64, segmenter: { name: 'slic', segments: 12 } })
    const classifier = await Classifier.load(device, saved, { batch: 8 })
    expect(explained.probabilities).toEqual([...softmax(await classifier.logits(pixels), 3)])
    classifier.destroy()
    const [first, ...others] = explained.labels
    expect(others).toEqual([])
    expect(first?.probability).toBe(Math.max(...explained.probabilities))
    expect(classes[first?.index as number]).toBe(first?.label)
    expect(first?.weights).toHaveLength(explained.segments?.count as number)
    for (const { weight, low, high } of first?.weights ?? []) {
      expect(low).toBeLessThanOrEqual(weight)
      expect(high).toBeGreaterThanOrEqual(weight)
    }
    // The surrogate is linear: with everything shown it says the intercept and all weights.
    const sum = first?.weights?.reduce((total, { weight }) => total + weight, first.intercept as number)
    expect(sum).toBeCloseTo(first?.localPrediction as number, 12)
    expect(explained.samples).toBe(64)
    expect(explained.uploadedBytes).toBeLessThan(16_000)
  })

  test.each(['lime', 'shap', 'occlusion', 'gradcam'] as const)(
    'by %s is the same again, for as many classes as are asked for, likeliest first or by name',
    async (method) => {
      const settings = { method, samples: 40, segmenter: { name: 'felzenszwalb' }, topLabels: 2, seed: 3 } as const
      const first = await explainer.explain(pixels, settings)
      const again = await explainer.explain(pixels, settings)
      expect(again.labels).toEqual(first.labels)
      const order = [0, 1, 2].sort((a, b) => (first.probabilities[b] as number) - (first.probabilities[a] as number))
      expect(first.labels.map(({ index }) => index)).toEqual(order.slice(0, 2))
      const named = await explainer.explain(pixels, { ...settings, labels: [classes[order[1] as number] as string] })
      expect(named.labels).toEqual(first.labels.slice(1))
      const inMap = method === 'occlusion' || method === 'gradcam'
      expect(first.labels.map(({ map }) => map?.length ?? null)).toEqual(Array(2).fill(inMap ? size * size : null))
      expect(first.segments === null).toBe(inMap)
    },
  )

  test('by Grad-CAM has maps of any stage, whose probabilities are those of the classifier', async () => {
    const layers = []
    for (const layer of ['layer2', 'layer3'] as const) {
      const { labels, probabilities } = await explainer.explain(pixels, { method: 'gradcam', layer, topLabels: 3 })
      expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 12)
      // Of three classes some place speaks for one. The greatest is 1 before it is enlarged, and lies between pixels then.
      const most = Math.max(...labels.flatMap(({ map }) => [...(map ?? [])]))
      expect(most).toBeGreaterThan(0.7)
      expect(most).toBeLessThanOrEqual(1)
      layers.push(labels.map(({ map }) => map))
    }
    expect(layers[0]).not.toEqual(layers[1])
  })

  test('may be told how faithful it is: deletion ends and insertion begins with a picture without the image', async () => {
    const [label] = (await explainer.explain(pixels, { samples: 40, faithfulness: true })).labels
    for (const area of [label?.faithfulness?.deletion, label?.faithfulness?.insertion]) {
      expect(area).toBeGreaterThan(0)
      expect(area).toBeLessThan(1)
    }
    expect(Math.abs(label?.faithfulness?.road as number)).toBeLessThan(0.5)
  })

  test('of a calibrated model has the probabilities that its predictions say, whatever the method', async () => {
    // Of a class's direction an explanation asks nothing.
    const figures = { images: 6, temperature: 2.5, before: 1, after: 0.5, distance95: 0.1, directions: new Int8Array() }
    const calibrated = Explainer.load(device, { ...saved, calibration: figures }, { batch: 8 })
    const classifier = await Classifier.load(device, saved, { batch: 8 })
    const logits = await classifier.logits(pixels)
    classifier.destroy()
    const lime = await calibrated.explain(pixels, { samples: 16, segmenter: { name: 'slic', segments: 12 } })
    expect(lime.probabilities).toEqual([...softmax(logits, 3, 2.5)])
    const { probabilities } = await calibrated.explain(pixels, { method: 'gradcam' })
    for (const [k, probability] of softmax(logits, 3, 2.5).entries()) {
      expect(probabilities[k]).toBeCloseTo(probability, 5)
    }
    calibrated.destroy()
  })

  test('is refused for a class that there is not, and for pixels of another size', async () => {
    const refused = (of: Uint8Array, settings: object, message: string) =>
      expect(explainer.explain(of, settings)).rejects.toMatchObject({ code: 'BAD_CONFIG', message })
    await refused(pixels, { labels: ['pink'] }, 'the model has no class pink: it tells apart red, green, blue')
    await refused(pixels, { labels: [3] }, 'the model has no class 3: it tells apart red, green, blue')
    await refused(pixels.subarray(4), {}, '4092 bytes are no image of 32 × 32 pixels of RGBA')
  })
})

describe('the task', () => {
  test('explains a list of images in a host, files and bytes alike, each for its own classes', async () => {
    const bytes = await readFile(join(dir, 'quarters.png'))
    const events: ExplainEvent[] = []
    const images = [{ path: join(dir, 'quarters.png') }, { path: 'uploaded', bytes, labels: ['blue', 0] }]
    const result = await runTask('explain', spec({ images }), { onEvent: (event) => events.push(event) })
    expect(result).toMatchObject({ method: 'lime', classes, size })
    expect(result.images.map(({ path, labels }) => [path, labels.length])).toEqual([
      [images[0]?.path, 1],
      ['uploaded', 2],
    ])
    expect(result.images[1]?.labels.map(({ label }) => label)).toEqual(['blue', 'red'])
    expect(result.images[1]?.probabilities).toEqual(result.images[0]?.probabilities)
    // Plain data says as much as the picture needs: the segments, as they were cut.
    const { segments, labels } = result.images[0] as (typeof result.images)[0]
    const decoded = decodeRuns(size, size, segments?.runs ?? [])
    expect(decoded.count).toBe(segments?.count)
    const weights = new Float64Array(decoded.count)
    for (const { segment, weight } of labels[0]?.weights ?? []) weights[segment] = weight
    expect(perPixel(decoded, weights)).toHaveLength(size * size)
    const whole = emptyMasks(1, decoded.count)
    showAll(whole, 0)
    const scene = { image: { width: size, height: size, data: pixels }, segments: decoded }
    const shown = composed({ ...scene, hidden: hiddenImage(scene.image, decoded) }, whole, 0)
    expect(Uint8Array.from(shown.data)).toEqual(pixels)
    expect(events).toContainEqual({ type: 'progress', image: 1, images: 2, samples: 40, ofSamples: 40 })
  })

  test('says what cannot be explained, before a device is opened where it can', async () => {
    const refused = (change: Partial<ExplainSpec>, code: string, message: string) =>
      expect(runTask('explain', spec(change))).rejects.toMatchObject({
        code,
        message: expect.stringContaining(message),
      })
    await refused({ images: [{ path: join(dir, 'nowhere.png') }] }, 'BAD_DATASET', 'nowhere.png cannot be read')
    await refused({ images: [{ path: join(dir, 'text.png') }] }, 'BAD_DATASET', 'text.png: ')
    await refused({ settings: { stable: true, samples: 41 } }, 'BAD_CONFIG', 'samples is 41: it must be even')
    await refused({ model: join(dir, 'nowhere') }, 'BAD_WEIGHTS', 'nowhere')
  })
})
