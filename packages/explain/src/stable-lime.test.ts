import { describe, expect, test, vi } from 'vitest'
import { stability } from './agreement.ts'
import type { MaskedClassifier } from './classifier.ts'
import { ranked } from './explanation.ts'
import { lime } from './lime.ts'
import { stableLime } from './stable-lime.ts'
import { manyPairs, manyWeakSegments, maskFunction, randomNetwork, row } from './testing/synthetic.ts'

// A run takes a third of a second, and agreement is between many.
vi.setConfig({ testTimeout: 120_000 })

const FEATURES = 50
const { image, segments } = row(FEATURES)

/** Mean agreement of three seeds in the top five segments, over four classifiers of a kind. */
async function agreement(kind: typeof manyPairs, explain: typeof lime): Promise<{ top: number; samples: number }> {
  const classifiers = [1, 11, 21, 31].map((seed) => kind(FEATURES, seed))
  let [top, samples] = [0, 0]
  for (const classifier of classifiers) {
    const runs = []
    for (const seed of [1, 2, 3]) runs.push(await explain(classifier, image, { segments, seed, topLabels: 1 }))
    top += stability(runs.map(({ explanations }) => explanations[0]?.weights ?? [])).top / classifiers.length
    for (const run of runs) samples = Math.max(samples, run.samples)
  }
  return { top, samples }
}

describe('stable LIME, beside the plain one', () => {
  test.each([
    ['many weak segments', manyWeakSegments, 0.9],
    ['many pairs of segments', manyPairs, 0.8],
    ['random hidden units', randomNetwork, 0.75],
  ])('agrees more between seeds from no more samples, where the classifier is one of %s', async (_, kind, least) => {
    const plain = await agreement(kind, lime)
    const stable = await agreement(kind, stableLime)
    expect(stable.samples).toBeLessThanOrEqual(plain.samples)
    expect(stable.top).toBeGreaterThan(plain.top)
    expect(stable.top).toBeGreaterThanOrEqual(least)
  })
})

describe('stable LIME', () => {
  const weightsOf = async (
    classifier: MaskedClassifier,
    options: object,
    explain = stableLime,
  ): Promise<Float64Array> =>
    (await explain(classifier, image, { segments, labels: [0], ...options })).explanations[0]?.weights as Float64Array

  test.each(['uniform', 'kernel'] as const)(
    'looks for the same weights as LIME, whose masks are drawn %s',
    async (sampling) => {
      const classifier = manyPairs(FEATURES, 3)
      const stable = await weightsOf(classifier, { sampling, agreement: 2, samples: 4000 })
      const plain = await weightsOf(classifier, { samples: 16_000 }, lime)
      // LIME with other samples departs by so much; the penalty of 1 counts a quarter as much there, and shrinks less.
      const other = await weightsOf(classifier, { samples: 16_000, seed: 1 }, lime)
      const distance = (a: Float64Array, b: Float64Array) => Math.hypot(...a.map((w, f) => w - (b[f] as number)))
      expect(distance(stable, plain)).toBeLessThan(1.5 * distance(other, plain))
    },
  )

  test('stops early where two halves agree, and late where nothing is to be agreed on', async () => {
    const clear = maskFunction(
      (shown) => 0.1 + [0.3, 0.2, 0.15, 0.1, 0.05].reduce((p, w, f) => p + (shown[f] ? w : 0), 0),
    )
    const { samples } = await stableLime(clear, image, { segments, labels: [0] })
    expect(samples).toBeLessThan(1000)
    const nothing = maskFunction(
      (shown) => 0.5 + 0.01 * Math.sin(1e4 * shown.reduce((s, on, f) => s + (on ? f * f : 0), 0)),
    )
    expect((await stableLime(nothing, image, { segments, labels: [0] })).samples).toBe(1000)
  })

  test('has intervals that hold the weights of very many samples about as often as they claim', async () => {
    const classifier = randomNetwork(FEATURES, 5)
    const truth = await weightsOf(classifier, { agreement: 2, samples: 20_000, alpha: 20, block: 20_000 })
    let [held, all] = [0, 0]
    for (let seed = 1; seed <= 6; seed++) {
      const { explanations } = await stableLime(classifier, image, { segments, labels: [0], seed, agreement: 2 })
      const { low, high } = explanations[0]?.interval ?? { low: [], high: [] }
      truth.forEach((w, f) => {
        if (w >= (low[f] as number) && w <= (high[f] as number)) held++
        all++
      })
    }
    expect(held / all).toBeGreaterThan(0.85)
    // Nor are they as wide as to hold anything.
    expect(held / all).toBeLessThan(0.995)
  })

  test('can explain one segment, and a thousand', async () => {
    const one = row(1)
    const alone = maskFunction(([shown]) => (shown ? 0.9 : 0.2))
    const { explanations } = await stableLime(alone, one.image, { segments: one.segments, labels: [0] })
    // The kernel gives nearly no weight to hiding the only segment, so that the penalty takes most: in LIME as here.
    const plain = await lime(alone, one.image, { segments: one.segments, labels: [0] })
    expect(explanations[0]?.weights[0]).toBeCloseTo(plain.explanations[0]?.weights[0] as number, 2)
    const many = row(1100)
    const options = { segments: many.segments, labels: [0], samples: 400, block: 400 }
    const wide = await stableLime(
      maskFunction((shown) => (shown[7] ? 0.8 : 0.3)),
      many.image,
      options,
    )
    expect(ranked(wide.explanations[0]?.weights ?? [])[0]).toBe(7)
  })

  test('depends on the seed alone', async () => {
    const classifier = manyWeakSegments(FEATURES, 2)
    const options = { segments, seed: 7, topLabels: 2 }
    expect(await stableLime(classifier, image, options)).toEqual(await stableLime(classifier, image, options))
  })

  test('refuses odd numbers of samples, and shares that are none', async () => {
    const half = maskFunction(() => 0.5)
    await expect(stableLime(half, image, { segments, samples: 501 })).rejects.toThrow('samples is 501: it must be even')
    await expect(stableLime(half, image, { segments, confidence: 1 })).rejects.toThrow('confidence is 1')
  })
})
