/**
 * A network is trained on pictures whose class is decided by a patch alone, wherever it lies. Then the methods that ask it have
 * to find the patch. (Grad-CAM does not ask: its maps are as coarse and as wide-eyed as a stage's receptive field, which from layer1
 * on is larger than these pictures. It is held by PyTorch's numbers in test/parity.)
 */
import { decodeRuns, perPixel } from '@sporeprint/explain'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ImageSource } from '../data/image-source.ts'
import type { Device } from '../gpu/device.ts'
import { openNodeDevice } from '../gpu/node.ts'
import { pcg4d } from '../kernels/random.ts'
import { ResNet } from '../nn/resnet.ts'
import { Learner } from '../train/learner.ts'
import { defaultPreprocessing } from '../weights/preprocessing.ts'
import { Explainer } from './explainer.ts'
import type { ExplainSettings } from './spec.ts'

/** Shapes that other tests compile too. */
const [size, batch] = [32, 8]
const side = 8
const classes = ['plain', 'striped']

/** Where the stripes of an image lie: a cell of a grid. */
function isInPatch(image: number, x: number, y: number): boolean {
  const cells = size / side
  const cell = pcg4d(image, 0, 0, 0)[0] % cells ** 2
  return Math.floor(x / side) === cell % cells && Math.floor(y / side) === Math.floor(cell / cells)
}

/** Soft colours; in every other image a patch of stripes. Images are those from `first` on. */
function planted(length: number, first = 0): ImageSource {
  const labels = Uint32Array.from({ length }, (_, i) => (first + i) % 2)
  const paint = (image: number, out: Uint8Array): void => {
    const [base, across, down] = [1, 2, 3].map((what) => pcg4d(image, what, 0, 0).map((word) => word % 60))
    for (let p = 0; p < size * size; p++) {
      const [x, y] = [p % size, Math.floor(p / size)]
      const striped = image % 2 === 1 && isInPatch(image, x, y)
      for (let c = 0; c < 3; c++) {
        const soft = 90 + base![c]! + (across![c]! * x + down![c]! * y) / size
        out[4 * p + c] = striped ? (x % 4 < 2 ? 235 : 20) : soft
      }
      out[4 * p + 3] = 255
    }
  }
  return {
    size,
    length,
    classes,
    labels,
    paths: Array.from(labels, (label, i) => `${classes[label]}/${first + i}`),
    async read(indices, out) {
      const bytes = 4 * size * size
      for (const [b, index] of Array.from(indices).entries()) {
        paint(first + index, out.subarray(b * bytes, (b + 1) * bytes))
      }
    },
  }
}

let device: Device
let learner: Learner
let explainer: Explainer
beforeAll(async () => {
  device = await openNodeDevice({ validation: true })
  const model = new ResNet({ arch: 'resnet18', classes, head: 'linear' })
  learner = await Learner.create(device, model, { train: planted(192), valid: planted(48, 192), batch, seed: 3 })
  let accuracy = 0
  for await (const epoch of learner.fit({ epochs: 3, rate: 1e-3 })) accuracy = epoch.accuracy
  expect(accuracy).toBe(1)
  const tensors = await learner.stateDict()
  const preprocessing = { ...defaultPreprocessing, size }
  const saved = {
    path: 'planted',
    arch: 'resnet18',
    head: 'linear',
    classes,
    preprocessing,
    tensors,
    calibration: null,
    metadata: {},
  } as const
  explainer = Explainer.load(device, { ...saved, classes }, { batch })
})
afterAll(async () => {
  explainer.destroy()
  learner.destroy()
  await device.destroy()
})

const bySuperpixels = { segmenter: { name: 'grid', cell: side }, samples: 200 } as const
const methods: [string, Partial<ExplainSettings>][] = [
  ['LIME', { method: 'lime', ...bySuperpixels }],
  ['stable LIME', { method: 'lime', stable: true, ...bySuperpixels }],
  ['KernelSHAP', { method: 'shap', ...bySuperpixels }],
  ['occlusion', { method: 'occlusion', patch: side, stride: side }],
]

test.each(methods)('%s puts at least .8 of what speaks for stripes where they are', async (_, settings) => {
  const images = [1001, 1003]
  const pixels = new Uint8Array(4 * size * size)
  for (const image of images) {
    await planted(1, image).read([0], pixels)
    const { labels, segments } = await explainer.explain(pixels, { labels: ['striped'], ...settings })
    const [label] = labels
    expect(label?.probability).toBeGreaterThan(0.5)
    let map: ArrayLike<number> = label?.map ?? []
    if (segments !== null) {
      const weights = new Float64Array(segments.count)
      for (const { segment, weight } of label?.weights ?? []) weights[segment] = weight
      map = perPixel(decodeRuns(size, size, segments.runs), weights)
    }
    let [inside, all] = [0, 0]
    for (let p = 0; p < size * size; p++) {
      const positive = Math.max(0, map[p] as number)
      all += positive
      if (isInPatch(image, p % size, Math.floor(p / size))) inside += positive
    }
    expect(inside / all).toBeGreaterThanOrEqual(0.8)
  }
})
