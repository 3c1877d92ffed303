import { describe, expect, test } from 'vitest'
import { type Classifier, maskOnCpu } from './classifier.ts'
import { ranked } from './explanation.ts'
import { faithfulness, road } from './faithfulness.ts'
import { kernelShap } from './kernel-shap.ts'
import { lime } from './lime.ts'
import { occlusion } from './occlusion.ts'
import type { Pixels } from './pixels.ts'
import { gridSegments, perPixel } from './segments/segments.ts'
import { stableLime } from './stable-lime.ts'
import { formulaPicture } from './testing/formula-picture.ts'

const [WIDTH, HEIGHT] = [64, 48]
const PATCH = { x: 32, y: 8, side: 16 }
const inPatch = (x: number, y: number): boolean =>
  x >= PATCH.x && x < PATCH.x + PATCH.side && y >= PATCH.y && y < PATCH.y + PATCH.side

/** A picture in which black and white stripes are planted. */
function planted(): Pixels {
  const image = formulaPicture(2, HEIGHT, WIDTH)
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const value = x % 2 === 0 ? 255 : 0
      if (inPatch(x, y)) image.data.set([value, value, value], 4 * (y * WIDTH + x))
    }
  }
  return image
}

/** Sees stripes by how steep the picture is from column to column, wherever they are; a little by the picture's red. */
const stripes: Classifier = {
  classes: 2,
  async classify(images) {
    return images.flatMap((image) => {
      let [steep, red] = [0, 0]
      for (let p = 0; p < WIDTH * HEIGHT - 1; p++) {
        const difference = (image.data[4 * p + 1] as number) - (image.data[4 * (p + 1) + 1] as number)
        if (p % WIDTH < WIDTH - 1 && Math.abs(difference) > 150) steep++
        red += (image.data[4 * p] as number) / 255
      }
      const logit = steep / 30 - 3 + red / (WIDTH * HEIGHT)
      const p = 1 / (1 + Math.exp(-logit))
      return [1 - p, p]
    })
  },
}

/** The share of a map's positive values that lies in the patch. */
function shareInPatch(map: Float64Array): number {
  let [inside, all] = [0, 0]
  map.forEach((value, p) => {
    const positive = Math.max(0, value)
    all += positive
    if (inPatch(p % WIDTH, Math.floor(p / WIDTH))) inside += positive
  })
  return inside / all
}

describe('where stripes are planted, and a classifier sees stripes', () => {
  const image = planted()
  const classifier = maskOnCpu(stripes)
  // Four of its 48 cells make up the patch.
  const segments = gridSegments(WIDTH, HEIGHT, 8)

  test.each([
    ['LIME', lime],
    ['its stable form', stableLime],
    ['KernelSHAP', kernelShap],
  ])('%s puts at least .8 of its weight there', async (_, explain) => {
    const explained = await explain(classifier, image, { segments, labels: [1], seed: 1 })
    expect(explained.samples).toBeLessThanOrEqual(1000)
    const weights = explained.explanations[0]?.weights ?? []
    expect(shareInPatch(perPixel(segments, weights))).toBeGreaterThanOrEqual(0.8)
    // The four cells of the patch are the four that count most.
    const cells = new Set(segments.labels.filter((_, p) => inPatch(p % WIDTH, Math.floor(p / WIDTH))))
    expect(new Set(ranked(weights).slice(0, 4))).toEqual(cells)
  })

  test('occlusion puts at least .8 of its weight there', async () => {
    const { maps } = await occlusion(classifier, image, { labels: [1], stride: 2, patch: 4 })
    expect(shareInPatch(maps[0]?.values ?? new Float64Array())).toBeGreaterThanOrEqual(0.8)
  })

  const map = Float64Array.from({ length: WIDTH * HEIGHT }, (_, p) =>
    inPatch(p % WIDTH, Math.floor(p / WIDTH)) ? 1 : 0,
  )
  const opposite = map.map((value) => 1 - value)

  test.each(['blur', 'mean'] as const)(
    'a map of it deletes fast and inserts fast, over a baseline of %s',
    async (baseline) => {
      const right = await faithfulness(classifier, image, 1, map, { baseline, steps: 20 })
      const wrong = await faithfulness(classifier, image, 1, opposite, { baseline, steps: 20 })
      expect(right.deletion.auc).toBeLessThan(0.2)
      expect(right.insertion.auc).toBeGreaterThan(0.8)
      expect(wrong.deletion.auc).toBeGreaterThan(0.8)
      expect(wrong.insertion.auc).toBeLessThan(0.2)
      // Both curves have the whole picture at one end and the baseline at the other.
      expect(right.deletion.probabilities[0]).toBe(right.insertion.probabilities[20])
      expect(right.deletion.probabilities[20]).toBe(right.insertion.probabilities[0])
    },
  )

  test('a map of it has a high ROAD score, its opposite a low one', async () => {
    const right = await road(classifier, image, 1, map)
    const wrong = await road(classifier, image, 1, opposite)
    expect(right.score).toBeGreaterThan(0.3)
    expect(wrong.score).toBeLessThan(-0.3)
    expect(await road(classifier, image, 1, map)).toEqual(right)
  })
})
