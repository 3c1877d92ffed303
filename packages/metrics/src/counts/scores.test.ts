import { describe, expect, test } from 'vitest'
import {
  accuracy,
  averageScore,
  averageScores,
  type ClassCounts,
  ConfusionAccumulator,
  classCounts,
  classScores,
  confusionMatrix,
  fBeta,
  MetricsInputError,
} from '../index.ts'

const counts = (truePositives: number, predicted: number, actual: number): ClassCounts => ({
  truePositives,
  predicted,
  actual,
})

describe('confusionMatrix', () => {
  test('has rows for the actual classes and columns for the predicted ones', () => {
    expect(confusionMatrix([2, 0, 2, 2, 0, 1], [0, 0, 2, 2, 0, 2], 3)).toEqual([
      [2, 0, 0],
      [0, 0, 1],
      [1, 0, 2],
    ])
  })

  test('refuses a label without a class, and lists of different lengths', () => {
    expect(() => confusionMatrix([0, 1], [0, 3], 3)).toThrow('predicted[1] is 3: a label is an integer from 0 to 2')
    expect(() => confusionMatrix([0.5], [0], 3)).toThrow(MetricsInputError)
    expect(() => confusionMatrix([0, 1], [0], 3)).toThrow('2 actual labels and 1 predicted ones')
  })
})

describe('ConfusionAccumulator', () => {
  test('counts batches as the whole, and gives matrices that later batches do not change', () => {
    const accumulator = new ConfusionAccumulator(3).add(Uint32Array.of(2, 0, 2), [0, 0, 2])
    const early = accumulator.confusion()
    accumulator.add([2, 0, 1], Int8Array.of(2, 0, 2))
    expect(accumulator.confusion()).toEqual(confusionMatrix([2, 0, 2, 2, 0, 1], [0, 0, 2, 2, 0, 2], 3))
    expect(early[2]).toEqual([1, 0, 1])
  })

  test('adds nothing of a batch that it refuses', () => {
    const accumulator = new ConfusionAccumulator(2)
    expect(() => accumulator.add([0, 1], [1, 2])).toThrow('predicted[1] is 2')
    expect(() => accumulator.add([0, Number.NaN], [1, 1])).toThrow('actual[1] is NaN')
    expect(accumulator.confusion()).toEqual([
      [0, 0],
      [0, 0],
    ])
  })

  test('needs a class', () => {
    expect(() => new ConfusionAccumulator(0)).toThrow('classes is 0: it must be an integer of at least 1')
  })
})

describe('classCounts', () => {
  test('names a chosen label without a class, and a matrix that is not square', () => {
    expect(() => classCounts([[1]], [1])).toThrow('labels[0] is 1: a label is an integer from 0 to 0')
    expect(() => classCounts([[1, 2]])).toThrow('confusion[0] has 2 columns')
  })
})

describe("scores in scikit-learn's definitions", () => {
  test("give the notebook's row of Agaricus: 47 right of 51 predicted and 53 actual", () => {
    const { precision, recall, f1 } = classScores(counts(47, 51, 53))
    expect(precision.toFixed(6)).toBe('0.921569')
    expect(recall.toFixed(6)).toBe('0.886792')
    expect(f1.toFixed(6)).toBe('0.903846')
  })

  test("give the notebook's rows of Boletus and Entoloma", () => {
    const row = (c: ClassCounts) => Object.values(classScores(c)).map((value: number) => value.toFixed(6))
    expect(row(counts(160, 167, 161))).toEqual(['0.958084', '0.993789', '0.975610'])
    expect(row(counts(47, 52, 55))).toEqual(['0.903846', '0.854545', '0.878505'])
  })

  test("make micro F1 equal to accuracy: the notebook's .947791 of 996", () => {
    const confusion = [
      [47, 6],
      [46, 897],
    ]
    expect(accuracy(confusion).toFixed(6)).toBe('0.947791')
    expect(averageScores(classCounts(confusion), 'micro').f1).toBe(accuracy(confusion))
  })

  test('keep labels that were never seen, as 0', () => {
    const seen = classCounts(confusionMatrix([1, 3, 3, 2], [1, 1, 3, 2], 5))
    expect(seen.map((c) => classScores(c).recall)).toEqual([0, 1, 1, 0.5, 0])
    expect(seen.map((c) => classScores(c).precision)).toEqual([0, 0.5, 1, 1, 0])
    expect(averageScores(seen, 'macro').recall).toBe(0.5)
    expect(averageScores(seen, 'micro').recall).toBe(0.75)
    expect(averageScores(seen, 'weighted').recall).toBe(0.75)
  })

  test('average over chosen labels only', () => {
    const chosen = classCounts(confusionMatrix([1, 1, 2, 3], [1, 3, 3, 3], 4), [1, 3])
    expect(chosen.map((c) => classScores(c).recall)).toEqual([0.5, 1])
    expect(averageScores(chosen, 'weighted').recall).toBeCloseTo(2 / 3, 15)
    expect(averageScores(chosen, 'macro').recall).toBe(0.75)
    expect(averageScores(chosen, 'micro').precision).toBe(0.5)
  })
})

describe('fBeta', () => {
  test('weighs recall β² times as much as precision', () => {
    const c = counts(4, 5, 8) // precision .8, recall .5
    expect(fBeta(c, 2)).toBeCloseTo((5 * 0.8 * 0.5) / (4 * 0.8 + 0.5), 15)
    expect(fBeta(c, 0)).toBe(0.8)
    expect(fBeta(c, Infinity)).toBe(0.5)
    expect(fBeta(c, 1)).toBe(classScores(c).f1)
  })

  test('is averaged as any score of counts is', () => {
    const both = [counts(4, 5, 8), counts(1, 4, 2)]
    const f2 = (c: ClassCounts) => fBeta(c, 2)
    expect(averageScore(both, 'macro', f2)).toBeCloseTo((fBeta(both[0]!, 2) + fBeta(both[1]!, 2)) / 2, 15)
    expect(averageScore(both, 'weighted', f2)).toBeCloseTo((8 * fBeta(both[0]!, 2) + 2 * fBeta(both[1]!, 2)) / 10, 15)
    expect(averageScore(both, 'micro', f2)).toBe(fBeta(counts(5, 9, 10), 2))
  })

  test('refuses a β below 0', () => {
    expect(() => fBeta(counts(1, 1, 1), -1)).toThrow('beta is -1: it must be at least 0')
  })
})

describe('zeroDivision', () => {
  const neverSeen = counts(0, 0, 0)
  const neverPredicted = counts(0, 0, 4)
  const perfect = counts(2, 2, 2)

  test('is the value of each undefined ratio, and of F1 only where nothing was predicted nor actual', () => {
    expect(classScores(neverSeen, { zeroDivision: 1 })).toEqual({ precision: 1, recall: 1, f1: 1 })
    expect(classScores(neverPredicted, { zeroDivision: 1 })).toEqual({ precision: 1, recall: 0, f1: 0 })
    expect(classScores(neverPredicted, { zeroDivision: Number.NaN })).toEqual({
      precision: Number.NaN,
      recall: 0,
      f1: 0,
    })
  })

  test('NaN leaves undefined scores out of averages', () => {
    const mean = (average: 'macro' | 'weighted', zeroDivision: number) =>
      averageScores([neverSeen, neverPredicted, perfect], average, { zeroDivision })
    expect(mean('macro', Number.NaN)).toEqual({ precision: 1, recall: 0.5, f1: 0.5 })
    expect(mean('macro', 1).f1).toBeCloseTo(2 / 3, 15)
    expect(mean('macro', 0).f1).toBeCloseTo(1 / 3, 15)
    expect(mean('weighted', Number.NaN)).toEqual({ precision: 1, recall: 1 / 3, f1: 1 / 3 })
  })

  test('with weights that are all 0 gives the plain mean', () => {
    const predictedOnly = counts(0, 3, 0)
    expect(averageScores([predictedOnly, neverSeen], 'weighted', { zeroDivision: 1 }).recall).toBe(1)
    expect(averageScores([predictedOnly, neverSeen], 'weighted', { zeroDivision: 1 }).f1).toBe(0.5)
  })

  test('NaN gives NaN where every score is undefined, and where there is no class', () => {
    expect(averageScores([neverSeen], 'macro', { zeroDivision: Number.NaN }).f1).toBeNaN()
    expect(averageScores([], 'macro').f1).toBeNaN()
    expect(averageScores([], 'micro').f1).toBe(0)
  })

  test('may only be 0, 1 or NaN', () => {
    expect(() => classScores(neverSeen, { zeroDivision: 2 })).toThrow('zeroDivision is 2: it must be 0, 1 or NaN')
  })
})
