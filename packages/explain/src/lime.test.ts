import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { composed, hiddenImage, maskOnCpu, type Scene } from './classifier.ts'
import type { Explanation } from './explanation.ts'
import { fitLime, kernelWeights, lime } from './lime.ts'
import { emptyMasks, isShown, type Masks, show, shownCounts } from './masks.ts'
import { blank, type Pixels } from './pixels.ts'
import { sum } from './ridge.ts'
import { segmentsOf } from './segments/segments.ts'
import { formulaPicture } from './testing/formula-picture.ts'
import { manyWeakSegments, maskFunction, row } from './testing/synthetic.ts'

interface Fit {
  features: number
  label: number
  weights: number[]
  intercept: number
  r2: number
  localPrediction: number
}
interface Case {
  masks: string[]
  probabilities: number[][]
  sampleWeights: number[]
  fits: Fit[]
}
const goldens: Case[] = JSON.parse(readFileSync(new URL('../goldens/lime.json', import.meta.url), 'utf8')).cases

function masksOf(rows: readonly string[]): Masks {
  const masks = emptyMasks(rows.length, rows[0]?.length ?? 0)
  rows.forEach((bits, sample) => {
    ;[...bits].forEach((bit, feature) => {
      if (bit === '1') show(masks, sample, feature)
    })
  })
  return masks
}

/** A picture whose four pixels are segments 0, 0, 1, 2. */
const image: Pixels = {
  width: 2,
  height: 2,
  data: new Uint8ClampedArray([10, 20, 30, 255, 13, 20, 31, 255, 200, 0, 0, 255, 0, 0, 90, 255]),
}
const segments = segmentsOf(2, 2, [0, 0, 1, 2])

describe.each(goldens)("a fit to given masks and probabilities, beside scikit-learn's ridge", (golden) => {
  const masks = masksOf(golden.masks)
  const probabilities = Float64Array.from(golden.probabilities.flat())

  test('weighs the samples alike', () => {
    const weights = kernelWeights(masks, 0.25)
    golden.sampleWeights.forEach((weight, sample) => {
      expect(Math.abs((weights[sample] as number) - weight)).toBeLessThan(1e-12)
    })
  })

  test.each(golden.fits)('gives class $label the same $features weights to 1e-9', (fit) => {
    const [explanation] = fitLime(masks, probabilities, [fit.label], { features: fit.features })
    const differences = fit.weights.map((weight, f) => Math.abs(weight - (explanation?.weights[f] as number)))
    expect(Math.max(...differences)).toBeLessThan(1e-9)
    expect(Math.abs((explanation?.intercept as number) - fit.intercept)).toBeLessThan(1e-9)
    expect(Math.abs((explanation?.r2 as number) - fit.r2)).toBeLessThan(1e-9)
    expect(Math.abs((explanation?.localPrediction as number) - fit.localPrediction)).toBeLessThan(1e-9)
  })

  test('serves all labels from one factorisation as it serves one', () => {
    const together = fitLime(masks, probabilities, [0, 1, 2])
    expect(together.map(({ label }) => label)).toEqual([0, 1, 2])
    expect(together[1]).toEqual(fitLime(masks, probabilities, [1])[0])
  })
})

test('the kernel weighs half of fifty segments .50344, ten .08676, forty .91470 and none .000335', () => {
  const masks = emptyMasks(4, 50)
  ;[25, 10, 40, 0].forEach((count, sample) => {
    for (let f = 0; f < count; f++) show(masks, sample, f)
  })
  expect([...kernelWeights(masks, 0.25)].map((w) => Number(w.toPrecision(3)))).toEqual([0.503, 0.0868, 0.915, 0.000335])
})

describe('a scene', () => {
  test('hides a segment behind its mean colour in whole bytes, or behind one colour', () => {
    expect([...hiddenImage(image, segments).data]).toEqual([
      ...[11, 20, 30, 255, 11, 20, 30, 255, 200, 0, 0, 255, 0, 0, 90, 255],
    ])
    expect([...hiddenImage(image, segments, [1, 2, 3]).data.subarray(0, 4)]).toEqual([1, 2, 3, 255])
  })

  test('is composed by its label map and the bits of a mask', () => {
    const scene: Scene = { image, hidden: blank(2, 2, [7, 7, 7]), segments }
    const masks = masksOf(['010', '101'])
    const reds = (sample: number) => [...composed(scene, masks, sample).data].filter((_, i) => i % 4 === 0)
    expect(reds(0)).toEqual([7, 7, 200, 7])
    expect(reds(1)).toEqual([10, 13, 7, 0])
  })
})

describe('LIME', () => {
  test('asks for the whole picture first and for random halves after it', async () => {
    let seen: Masks | undefined
    const { image, segments } = row(45)
    await lime(
      {
        classes: 2,
        async classifyMasked(_, masks) {
          seen = masks
          return new Float64Array(2 * masks.samples).fill(0.5)
        },
      },
      image,
      { segments, samples: 2001, seed: 3 },
    )
    const counts = shownCounts(seen as Masks)
    expect(counts[0]).toBe(45)
    // A mean of 2000 sums of 45 fair bits: 22.5 ± √(45/4 / 2000); five deviations.
    const mean = counts.subarray(1).reduce((a, b) => a + b, 0) / 2000
    expect(Math.abs(mean - 22.5)).toBeLessThan(5 * Math.sqrt(45 / 4 / 2000))
    // Each segment is shown about half of the time.
    for (let f = 0; f < 45; f++) {
      let shown = 0
      for (let s = 1; s <= 2000; s++) if (isShown(seen as Masks, s, f)) shown++
      expect(Math.abs(shown - 1000)).toBeLessThan(5 * Math.sqrt(500))
    }
  })

  test('finds the weights of a linear model, all but for the penalty', async () => {
    const truth = [0.2, -0.1, 0.05, 0, 0.15]
    const linear = maskFunction((shown) => 0.3 + truth.reduce((sum, w, f) => sum + (shown[f] ? w : 0), 0))
    const { image, segments } = row(5)
    const { explanations, probabilities } = await lime(linear, image, { segments, samples: 4000, labels: [0] })
    const [explanation] = explanations
    expect(probabilities[0]).toBeCloseTo(0.6, 12)
    // A penalty of 1 beside a curvature of about 4000 · ½ · ¼ = 500 shrinks by 0.2 %.
    truth.forEach((w, f) => {
      expect(Math.abs((explanation?.weights[f] as number) - w)).toBeLessThan(0.001)
    })
    expect(explanation?.r2).toBeGreaterThan(0.999)
  })

  test('has intervals that hold the weights of very many samples about as often as they claim', async () => {
    const { image, segments } = row(20)
    const classifier = manyWeakSegments(20, 3)
    const fit = async (options: object) =>
      (await lime(classifier, image, { segments, labels: [0], ...options })).explanations[0] as Explanation
    // The penalty of as many times the samples, so that it shrinks as much.
    const truth = await fit({ samples: 20_000, alpha: 20 })
    let [held, all] = [0, 0]
    for (let seed = 1; seed <= 8; seed++) {
      const { interval, weights } = await fit({ seed, confidence: 0.95 })
      expect(weights).toEqual((await fit({ seed })).weights)
      truth.weights.forEach((w, f) => {
        if (w >= (interval?.low[f] as number) && w <= (interval?.high[f] as number)) held++
        all++
      })
    }
    expect(held / all).toBeGreaterThan(0.88)
    expect(held / all).toBeLessThan(0.995)
    // What has no weight by choice has no interval either.
    const few = await fit({ features: 8, confidence: 0.95 })
    few.weights.forEach((w, f) => {
      if (w === 0) expect([few.interval?.low[f], few.interval?.high[f]]).toEqual([0, 0])
    })
    await expect(fit({ confidence: 1 })).rejects.toThrow('confidence is 1: it lies between 0 and 1')
  })

  test('depends on the seed alone, whatever the batches', async () => {
    const picture = formulaPicture(1, 30, 40)
    const of = (batch: number) =>
      maskOnCpu(
        {
          classes: 2,
          async classify(images) {
            return images.flatMap(({ data }) => {
              const p = sum(data) / data.length / 255
              return [p, 1 - p]
            })
          },
        },
        { batch },
      )
    const options = { samples: 50, seed: 8 }
    expect(await lime(of(3), picture, options)).toEqual(await lime(of(16), picture, options))
    const other = await lime(of(16), picture, { ...options, seed: 9 })
    expect(other.explanations).not.toEqual((await lime(of(16), picture, options)).explanations)
  })

  test('refuses what nothing can be explained from', async () => {
    const { image, segments } = row(4)
    const half = maskFunction(() => 0.5)
    await expect(lime(half, image, { segments, samples: 1 })).rejects.toThrow('samples is 1')
    await expect(lime(half, image, { segments, labels: [2] })).rejects.toThrow('the classifier has the labels 0 to 1')
    await expect(lime(half, image, { segments: row(5).segments })).rejects.toThrow('The segmentation is 5 × 1')
    await expect(lime({ classes: 2, classifyMasked: async () => [0.5] }, image, { segments })).rejects.toThrow(
      'The classifier gave 1 numbers: 1000 pictures of 2 classes need 2000',
    )
    await expect(
      lime(
        maskFunction(() => Number.NaN),
        image,
        { segments },
      ),
    ).rejects.toThrow('gave NaN for class 0')
  })
})
