import { describe, expect, test } from 'vitest'
import {
  accuracy,
  averageOneVsRest,
  averagePrecision,
  averageScores,
  balancedAccuracy,
  bootstrapConfusion,
  brierScore,
  calibration,
  classCounts,
  classificationReport,
  cohenKappa,
  EvaluationAccumulator,
  fitTemperature,
  logLoss,
  MetricsInputError,
  matthews,
  outcomes,
  proportionInterval,
  rocAuc,
  softmax,
  topKCurve,
} from './index.ts'

const classes = ['red', 'green', 'blue', 'grey']
const K = classes.length
const n = 200
const labels = Uint32Array.from({ length: n }, (_, i) => (i * i + (i >> 2)) % 3)
const logits = Float32Array.from({ length: n * K }, (_, i) => {
  const own = labels[Math.floor(i / K)] === i % K ? 1.5 : 0
  return own + 2 * Math.sin(i * i * 0.713)
})
const cuts = [
  { by: 'folder', keys: ['day', 'night', 'never'] },
  { by: 'size', keys: ['small', 'large'] },
]
const notes = Array.from({ length: n }, (_, i) => ({ path: `${i}.png`, parts: [i % 2, i < 50 ? 0 : null] }))

function inBatches(batch: number) {
  const accumulator = new EvaluationAccumulator({ classes, cuts, keep: 3 })
  for (let from = 0; from < n; from += batch) {
    const to = Math.min(n, from + batch)
    accumulator.add(labels.subarray(from, to), logits.subarray(from * K, to * K), notes.slice(from, to))
  }
  return accumulator.evaluation()
}

describe('EvaluationAccumulator', () => {
  const evaluation = inBatches(n)

  test('says of batches what it says of the whole', () => {
    const batched = inBatches(7)
    expect(batched.loss).toBeCloseTo(evaluation.loss, 12)
    expect(batched.temperature).toBeCloseTo(evaluation.temperature as number, 12)
    const { loss, ...rest } = evaluation
    expect(batched).toMatchObject(JSON.parse(JSON.stringify({ scores: rest.scores, topLosses: rest.topLosses })))
    expect(batched.slices.map(({ n }) => n)).toEqual(evaluation.slices.map(({ n }) => n))
  })

  test('agrees with the functions of one metric each', () => {
    const seen = outcomes(labels, logits, { classes: K, from: 'logits' })
    const probabilities = softmax(logits, K)
    expect(evaluation).toMatchObject(classificationReport({ classes, labels, logits }))
    expect(evaluation.logLoss).toBeCloseTo(logLoss(labels, logits, { classes: K, from: 'logits' }), 12)
    expect(evaluation.brier).toBeCloseTo(brierScore(labels, logits, { classes: K, from: 'logits' }), 12)
    expect(evaluation.topK).toEqual([...topKCurve(seen)])
    expect(evaluation.calibration).toEqual(calibration(seen))
    expect(evaluation.rocAuc).toBeCloseTo(averageOneVsRest(labels, probabilities, K, rocAuc, 'macro'), 12)
    expect(evaluation.temperature).toBeCloseTo(fitTemperature(labels, logits, { classes: K }).temperature, 12)
    const { scores, confusion } = evaluation
    const f1Macro = (c: typeof confusion) => averageScores(classCounts(c), 'macro').f1
    const whole = { accuracy, balancedAccuracy, f1Macro, cohenKappa, matthews }
    for (const [name, interval] of Object.entries(bootstrapConfusion(confusion, whole))) {
      for (const key of ['value', 'low', 'high', 'standardError'] as const) {
        expect(scores[name as keyof typeof whole][key]).toBeCloseTo(interval[key], 12)
      }
    }
    expect(scores.f1Macro.value).toBe(evaluation.f1Macro)
  })

  test('averages precision over the classes that occur: grey, of which there is no image, has none', () => {
    const threeOfFour = averageOneVsRest(labels, softmax(logits, K), K, averagePrecision, 'macro') * (4 / 3)
    expect(evaluation.averagePrecision).toBeCloseTo(threeOfFour, 12)
  })

  test('keeps the worst and the best, and the parts that have samples', () => {
    const { loss } = outcomes(labels, logits, { classes: K, from: 'logits' })
    const order = [...loss.keys()].sort((a, b) => (loss[b] as number) - (loss[a] as number))
    expect(evaluation.topLosses.map(({ path }) => path)).toEqual(order.slice(0, 3).map((i) => `${i}.png`))
    expect(evaluation.bottomLosses.map(({ path }) => path)).toEqual(
      order
        .slice(-3)
        .reverse()
        .map((i) => `${i}.png`),
    )
    expect(evaluation.slices.map(({ by, key, n }) => [by, key, n])).toEqual([
      ['folder', 'day', 100],
      ['folder', 'night', 100],
      ['size', 'small', 50],
    ])
    const [day, night] = evaluation.slices
    expect(((day?.accuracy.value as number) + (night?.accuracy.value as number)) / 2).toBeCloseTo(
      evaluation.accuracy,
      12,
    )
  })

  test('keeps the worst images of every kind of mistake, however small their losses are', () => {
    const seen = outcomes(labels, logits, { classes: K, from: 'logits' })
    expect(evaluation.mostConfused.length).toBeGreaterThan(3)
    for (const { actual, predicted, count, images } of evaluation.mostConfused) {
      const such = [...seen.loss.keys()]
        .filter((i) => classes[labels[i] as number] === actual && classes[seen.predicted[i] as number] === predicted)
        .sort((a, b) => (seen.loss[b] as number) - (seen.loss[a] as number))
      expect(such).toHaveLength(count)
      expect(images.map(({ path }) => path)).toEqual(such.slice(0, 3).map((i) => `${i}.png`))
      for (const image of images) expect(image).toMatchObject({ actual, predicted, thumbnail: null })
    }
  })

  test('is right of three images by hand', () => {
    // Rows of 2 and 0: p = e² / (e² + 1) for the larger.
    const p = 1 / (1 + Math.exp(-2))
    const evaluation = new EvaluationAccumulator({ classes: ['cat', 'dog'], keep: 1 })
      .add([0, 1], [2, 0, 0, 2], [{ path: 'a' }, { path: 'b' }])
      .add([1], [2, 0], [{ path: 'c' }])
      .evaluation()
    expect(evaluation).toMatchObject({
      n: 3,
      confusion: [
        [1, 0],
        [1, 1],
      ],
      topK: [2 / 3, 1],
      mostConfused: [{ actual: 'dog', predicted: 'cat', count: 1, images: [{ path: 'c' }] }],
      topLosses: [{ path: 'c', actual: 'dog', predicted: 'cat', confidence: p, thumbnail: null }],
      bottomLosses: [{ path: 'a', actual: 'cat', predicted: 'cat' }],
      slices: [],
    })
    expect(evaluation.topLosses[0]?.probability).toBeCloseTo(1 - p, 14)
    expect(evaluation.logLoss).toBeCloseTo(-(2 * Math.log(p) + Math.log(1 - p)) / 3, 14)
    // Two of three right, all equally sure: calibrated where that p is 2/3, at T = 2 / ln 2.
    expect(evaluation.temperature).toBeCloseTo(2 / Math.LN2, 7)
    // For either class one pair of two is in order and one tied.
    expect(evaluation.rocAuc).toBe(0.75)
  })

  test('ranks nothing of logits that are not finite, and tells the rest', () => {
    const diverged = new EvaluationAccumulator({ classes: ['cat', 'dog'] }).add(
      [0, 1],
      [Number.NaN, 0, 0, 1],
      [{ path: 'a' }, { path: 'b' }],
    )
    expect(diverged.evaluation()).toMatchObject({
      n: 2,
      loss: NaN,
      rocAuc: null,
      averagePrecision: null,
      temperature: null,
    })
  })

  test('of nothing is an evaluation of no images', () => {
    expect(new EvaluationAccumulator({ classes }).evaluation()).toMatchObject({ n: 0, rocAuc: null, topLosses: [] })
  })

  test('adds nothing of a batch that it refuses', () => {
    const accumulator = new EvaluationAccumulator({ classes: ['cat', 'dog'], cuts })
    expect(() => accumulator.add([0], [1, 0], [])).toThrow('1 labels and 0 notes')
    expect(() => accumulator.add([2], [1, 0], [{ path: 'a' }])).toThrow('labels[0] is 2')
    expect(() => accumulator.add([0], [1, 0], [{ path: 'a', parts: [3] }])).toThrow('notes[0].parts[0] is 3')
    expect(() => accumulator.add([0], [1, 0], [{ path: 'a', parts: [0, 0, 0] }])).toThrow(MetricsInputError)
    expect(accumulator.evaluation().n).toBe(0)
  })
})

describe('proportionInterval', () => {
  test('is Wilson’s score interval', () => {
    // Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20 and 1 of 29.
    const digits = ([right, n]: [number, number]) => {
      const { low, high } = proportionInterval(right, n)
      return [low.toFixed(4), high.toFixed(4)]
    }
    expect(digits([81, 263])).toEqual(['0.2553', '0.3662'])
    expect(digits([15, 148])).toEqual(['0.0624', '0.1605'])
    expect(digits([0, 20])).toEqual(['0.0000', '0.1611'])
    expect(digits([1, 29])).toEqual(['0.0061', '0.1718'])
  })

  test('is [0, 0 < high] of none right, reaches 1 where all are, and is NaN of nothing', () => {
    expect(proportionInterval(3, 3)).toMatchObject({ value: 1, high: 1, standardError: 0 })
    expect(proportionInterval(3, 3).low).toBeCloseTo(0.4385, 4)
    expect(proportionInterval(0, 0)).toMatchObject({ value: NaN, high: NaN })
    expect(() => proportionInterval(2, 1)).toThrow('right is 2: it must not be above n, 1')
  })
})
