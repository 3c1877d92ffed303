import { describe, expect, test } from 'vitest'
import {
  averageOneVsRest,
  averagePrecision,
  bestThreshold,
  classScores,
  coverageCurve,
  fBeta,
  oneVsRest,
  precisionRecallCurve,
  rank,
  rocAuc,
  rocAucError,
  rocCurve,
  ScoreHistogram,
  softmax,
  thresholdCurve,
} from '../index.ts'

// The example of scikit-learn's documentation.
const ranked = rank([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])

describe('rank', () => {
  test('counts what is accepted from each distinct score up', () => {
    const { thresholds, truePositives, falsePositives } = rank(
      [true, false, true, false, true],
      [2, 2, 3, -Infinity, 2],
    )
    expect([...thresholds]).toEqual([3, 2, -Infinity])
    expect([...truePositives]).toEqual([1, 3, 3])
    expect([...falsePositives]).toEqual([0, 1, 2])
  })

  test('takes 0 and −0 for one score', () => {
    expect(rocAuc(rank([1, 0], [0, -0]))).toBe(0.5)
    expect(rocAuc(rank([1, 0], [-0, 0]))).toBe(0.5)
  })

  test('refuses a score that is NaN, and lists of different lengths', () => {
    expect(() => rank([1, 0], [1, Number.NaN])).toThrow('scores[1] is NaN: it has no rank')
    expect(() => rank([1], [1, 2])).toThrow('1 positive flags and 2 scores')
  })
})

describe('rocAuc', () => {
  test('is the share of pairs in order, ties counting half', () => {
    expect(rocAuc(ranked)).toBe(0.75)
    const positive = Array.from({ length: 60 }, (_, i) => (i * 7) % 3 === 0)
    const scores = positive.map((_, i) => (i * i) % 11)
    let pairs = 0
    let inOrder = 0
    positive.forEach((p, i) => {
      positive.forEach((q, j) => {
        if (!p || q) return
        pairs++
        inOrder += scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0
      })
    })
    expect(rocAuc(rank(positive, scores))).toBe(inOrder / pairs)
  })

  test('is the area under rocCurve', () => {
    const { falsePositiveRate: x, truePositiveRate: y } = rocCurve(ranked)
    let area = 0
    for (let i = 1; i < x.length; i++) area += ((x[i]! - x[i - 1]!) * (y[i]! + y[i - 1]!)) / 2
    expect(area).toBeCloseTo(rocAuc(ranked), 15)
  })

  test('is NaN where there is nothing to tell apart', () => {
    expect(rocAuc(rank([1, 1], [1, 2]))).toBeNaN()
    expect(rocAuc(rank([], []))).toBeNaN()
  })
})

test('averagePrecision is the mean precision at each positive, and 0 without one', () => {
  expect(averagePrecision(ranked)).toBeCloseTo((1 + 2 / 3) / 2, 15)
  expect(averagePrecision(rank([0, 0], [1, 2]))).toBe(0)
})

test('rocCurve and precisionRecallCurve begin where nothing is accepted', () => {
  const roc = rocCurve(ranked)
  expect([...roc.thresholds]).toEqual([Infinity, 0.8, 0.4, 0.35, 0.1])
  expect([...roc.falsePositiveRate]).toEqual([0, 0, 0.5, 0.5, 1])
  expect([...roc.truePositiveRate]).toEqual([0, 0.5, 0.5, 1, 1])
  const pr = precisionRecallCurve(ranked)
  expect([...pr.precision]).toEqual([1, 1, 0.5, 2 / 3, 0.5])
  expect([...pr.recall]).toEqual([0, 0.5, 0.5, 1, 1])
})

describe('thresholdCurve', () => {
  test('takes any score of counts', () => {
    const f1 = thresholdCurve(ranked, (counts) => fBeta(counts, 1))
    expect([...f1.values]).toEqual([2 / 3, 0.5, 0.8, 2 / 3])
    expect(bestThreshold(f1)).toEqual({ threshold: 0.35, value: 0.8 })
    const precision = thresholdCurve(ranked, (counts) => classScores(counts).precision)
    expect([...precision.values]).toEqual([...precisionRecallCurve(ranked).precision.slice(1)])
  })

  test('has its best at the highest of equal thresholds, and none where it is empty', () => {
    expect(bestThreshold({ thresholds: Float64Array.of(3, 2, 1), values: Float64Array.of(NaN, 1, 1) }).threshold).toBe(
      2,
    )
    expect(() => bestThreshold(thresholdCurve(rank([], []), () => 1))).toThrow('the curve has no value')
  })
})

test('coverageCurve is the risk of answering only where confidence is high', () => {
  const curve = coverageCurve({
    label: Uint32Array.of(0, 1, 2, 0),
    predicted: Uint32Array.of(0, 1, 1, 1),
    confidence: Float64Array.of(0.9, 0.8, 0.8, 0.4),
  })
  expect([...curve.thresholds]).toEqual([0.9, 0.8, 0.4])
  expect([...curve.coverage]).toEqual([0.25, 0.75, 1])
  expect([...curve.risk]).toEqual([0, 1 / 3, 0.5])
  expect(curve.area).toBeCloseTo((1 / 3) * 0.5 + 0.5 * 0.25, 15)
  expect(
    coverageCurve({ label: new Uint32Array(), predicted: new Uint32Array(), confidence: new Float64Array() }).area,
  ).toBeNaN()
})

describe('one against the rest', () => {
  const labels = [0, 1, 0, 1, 1]
  const rows = [0.9, 0.1, 0.4, 0.6, 0.4, 0.6, 0.5, 0.5, 0.1, 0.9]

  test('is each class by its own column, of two classes the same twice', () => {
    const [first, second] = oneVsRest(labels, rows, 2, rocAuc)
    expect(first).toBe(rocAuc(rank([1, 0, 1, 0, 0], [0.9, 0.4, 0.4, 0.5, 0.1])))
    expect(second).toBe(first)
  })

  test('averages over the classes that have a value, by count, or over all scores at once', () => {
    const three = [0.9, 0.1, 0, 0.4, 0.6, 0, 0.4, 0.6, 0, 0.5, 0.5, 0, 0.1, 0.9, 0]
    const [a, b, none] = oneVsRest(labels, three, 3, averagePrecision) as [number, number, number]
    expect(none).toBe(0)
    expect(averageOneVsRest(labels, three, 3, averagePrecision, 'macro')).toBeCloseTo((a + b) / 3, 15)
    expect(averageOneVsRest(labels, three, 3, averagePrecision, 'weighted')).toBeCloseTo((2 * a + 3 * b) / 5, 15)
    expect(oneVsRest(labels, three, 3, rocAuc)[2]).toBeNaN()
    expect(averageOneVsRest(labels, three, 3, rocAuc, 'macro')).toBe(
      rocAuc(rank([1, 0, 1, 0, 0], [0.9, 0.4, 0.4, 0.5, 0.1])),
    )
    const flags = labels.flatMap((label) => [label === 0, label === 1])
    expect(averageOneVsRest(labels, rows, 2, rocAuc, 'micro')).toBe(rocAuc(rank(flags, rows)))
  })

  test('names the label without a class and rows that do not fit', () => {
    expect(() => oneVsRest([2], [1, 0], 2, rocAuc)).toThrow('labels[0] is 2')
    expect(() => averageOneVsRest([1], [1], 2, rocAuc, 'micro')).toThrow('rows holds 1 numbers')
  })
})

describe('ScoreHistogram', () => {
  const classes = 7
  const n = 3000
  const labels = Uint32Array.from({ length: n }, (_, i) => (i * i * 31 + (i >> 3)) % classes)
  const logits = Float64Array.from({ length: n * classes }, (_, i) => {
    const hit = labels[Math.floor(i / classes)] === i % classes ? 3 : 0
    return hit + 12 * Math.sin(i * i * 0.7123)
  })
  const rows = softmax(logits, classes)
  const histogram = new ScoreHistogram(classes)
    .add(labels.subarray(0, 1000), rows.subarray(0, 1000 * classes))
    .add(labels.subarray(1000), rows.subarray(1000 * classes))

  test('keeps the area under the ROC curve within the error it states, which is small', () => {
    const exact = oneVsRest(labels, rows, classes, rocAuc)
    for (let k = 0; k < classes; k++) {
      const ranked = histogram.ranked(k)
      const error = rocAucError(ranked)
      // Exactly tied scores count half in both.
      expect(Math.abs(rocAuc(ranked) - exact[k]!)).toBeLessThanOrEqual(error)
      // Half the chance that two scores share a bin: they spread over fifty bins and more.
      expect(error).toBeLessThan(0.5 / 50)
    }
  })

  test('has only thresholds that occurred, and the exact counts at them', () => {
    const { thresholds, truePositives, falsePositives } = histogram.ranked(2)
    expect([...thresholds].sort((a, b) => b - a)).toEqual([...thresholds])
    for (let t = 0; t < thresholds.length; t += 17) {
      let tp = 0
      let fp = 0
      for (let i = 0; i < n; i++) {
        if (rows[i * classes + 2]! < thresholds[t]!) continue
        if (labels[i] === 2) tp++
        else fp++
      }
      expect([truePositives[t], falsePositives[t]]).toEqual([tp, fp])
    }
  })

  test('takes 0, ½, 1 and what f32 makes of 1, and nothing beyond', () => {
    const edges = new ScoreHistogram(1).add([0, 0, 0, 0, 0], [0, 0.5, 1, 1 + 1e-7, 1 - 1e-16])
    expect([...edges.ranked(0).thresholds]).toEqual([1 - 2 ** -53, 0.5, 0])
    expect([...edges.ranked(0).truePositives]).toEqual([3, 4, 5])
    expect(() => edges.add([0], [1.1])).toThrow('probabilities[0] is 1.1: it must be from 0 to 1')
    expect(() => edges.ranked(1)).toThrow('k is 1')
    expect(() => edges.add([0], [Number.NaN])).toThrow('probabilities[0] is NaN')
  })
})

test('rocAucError is 0 where no positive is tied with a negative', () => {
  expect(rocAucError(ranked)).toBe(0)
  expect(rocAucError(rank([1, 0, 0], [1, 1, 0]))).toBe(0.25)
})
