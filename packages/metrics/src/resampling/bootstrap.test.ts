import { describe, expect, test } from 'vitest'
import {
  accuracy,
  averageScores,
  bootstrap,
  bootstrapConfusion,
  bootstrapDifference,
  type ConfusionMatrix,
  classCounts,
  confusionMatrix,
} from '../index.ts'
import { acceleration, bcaInterval, quantile } from './interval.ts'
import { RandomStream } from './random.ts'
import { resampler } from './resample.ts'

const f1Macro = (confusion: ConfusionMatrix) => averageScores(classCounts(confusion), 'macro').f1
const wilson = (p: number, n: number): [number, number] => {
  const z = 1.959964
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n)
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n)
  return [centre - half, centre + half]
}

const confusion = [
  [90, 6, 4],
  [8, 180, 12],
  [0, 10, 90],
]

describe('resampler', () => {
  const sum = (counts: Uint32Array) => counts.reduce((a, b) => a + b, 0)

  test.each([
    ['few cells', [500, 300, 0, 200]],
    ['as many cells as samples', new Array<number>(60).fill(1)],
  ])('draws as many samples as there are, each cell in its proportion: %s', (_, list) => {
    const counts = Uint32Array.from(list)
    const draw = resampler({ counts, strata: null })
    const out = new Uint32Array(counts.length)
    const n = sum(counts)
    const sums = new Float64Array(counts.length)
    const squares = new Float64Array(counts.length)
    const replicates = 4000
    for (let r = 0; r < replicates; r++) {
      draw(5, r, out)
      expect(sum(out)).toBe(n)
      for (const [cell, count] of out.entries()) {
        sums[cell]! += count
        squares[cell]! += count * count
      }
    }
    for (const [cell, count] of counts.entries()) {
      const variance = count * (1 - count / n)
      const mean = sums[cell]! / replicates
      expect(Math.abs(mean - count)).toBeLessThanOrEqual(6 * Math.sqrt(variance / replicates))
      // A variance of 4000 draws is known to √(kurtosis / 4000): some 5 % at six standard errors, 13 % for counts of one.
      if (count > 0)
        expect(squares[cell]! / replicates - mean * mean).toBeCloseTo(variance, -Math.log10(variance * 0.3))
    }
  })

  test('is a function of seed and replicate alone, in any order', () => {
    const draw = resampler({ counts: Uint32Array.of(50, 50, 50), strata: null })
    const of = (seed: number, replicate: number) => {
      const out = new Uint32Array(3)
      draw(seed, replicate, out)
      return [...out]
    }
    const late = of(1, 9)
    expect(of(1, 3)).not.toEqual(late)
    expect(of(1, 9)).toEqual(late)
    expect(of(2, 9)).not.toEqual(late)
  })

  test('keeps the size of every stratum', () => {
    const draw = resampler({ counts: Uint32Array.of(90, 10, 3, 4), strata: [0, 0, 1, 1] })
    const out = new Uint32Array(4)
    for (let r = 0; r < 50; r++) {
      draw(0, r, out)
      expect([out[0]! + out[1]!, out[2]! + out[3]!]).toEqual([100, 7])
    }
  })
})

describe('bootstrapConfusion', () => {
  test('gives accuracy the interval of a binomial proportion', () => {
    const { accuracy: interval } = bootstrapConfusion(confusion, { accuracy }, { replicates: 4000 })
    expect(interval.value).toBe(0.9)
    const [low, high] = wilson(0.9, 400)
    expect(interval.low).toBeCloseTo(low, 2)
    expect(interval.high).toBeCloseTo(high, 2)
    // Known to 1 / √(2·4000) = 1.1 %: six of these.
    expect(Math.abs(interval.standardError / Math.sqrt((0.9 * 0.1) / 400) - 1)).toBeLessThan(0.067)
  })

  test('gives the same interval for the same seed, and every statistic the same replicates', () => {
    const one = bootstrapConfusion(confusion, { f1Macro }, { seed: 3 })
    const two = bootstrapConfusion(confusion, { accuracy, f1Macro, again: f1Macro }, { seed: 3 })
    expect(two.f1Macro).toEqual(one.f1Macro)
    expect(two.again).toEqual(two.f1Macro)
    expect(bootstrapConfusion(confusion, { f1Macro }, { seed: 4 }).f1Macro.low).not.toBe(one.f1Macro.low)
  })

  test('stratified keeps the count of every actual class, so that only what was predicted varies', () => {
    const share = (c: ConfusionMatrix) => c[1]!.reduce((a, b) => a + b, 0) / 400
    const recall = (c: ConfusionMatrix) => c[1]![1]! / c[1]!.reduce((a, b) => a + b, 0)
    const plain = bootstrapConfusion(confusion, { share })
    const stratified = bootstrapConfusion(confusion, { share, recall }, { stratified: true, replicates: 4000 })
    expect(plain.share.standardError).toBeGreaterThan(0.02)
    expect(stratified.share).toEqual({ value: 0.5, low: 0.5, high: 0.5, standardError: 0 })
    expect(Math.abs(stratified.recall.standardError / Math.sqrt((0.9 * 0.1) / 200) - 1)).toBeLessThan(0.067)
  })

  test('by BCa is skewed towards the middle for a proportion near 1', () => {
    const near = [
      [97, 3],
      [0, 0],
    ]
    const percentile = bootstrapConfusion(near, { accuracy }, { replicates: 4000 }).accuracy
    const bca = bootstrapConfusion(near, { accuracy }, { replicates: 4000, method: 'bca' }).accuracy
    expect(bca.low).toBeLessThan(percentile.low)
    expect(bca.high).toBeLessThanOrEqual(percentile.high)
    expect(bca.value).toBe(percentile.value)
  })

  test('of a perfect model is a point, and of nothing NaN', () => {
    for (const method of ['percentile', 'bca'] as const) {
      expect(bootstrapConfusion([[9]], { accuracy }, { method }).accuracy).toEqual({
        value: 1,
        low: 1,
        high: 1,
        standardError: 0,
      })
      expect(bootstrapConfusion([[0]], { accuracy }, { method }).accuracy).toMatchObject({ value: NaN, low: NaN })
    }
  })

  test('refuses too few replicates, a level that is none and what is no confusion matrix', () => {
    expect(() => bootstrapConfusion(confusion, { accuracy }, { replicates: 999 })).toThrow(
      'replicates is 999: it must be an integer of at least 1000',
    )
    expect(() => bootstrapConfusion(confusion, { accuracy }, { level: 95 })).toThrow('level is 95')
    expect(() => bootstrapConfusion([[1, 2]], { accuracy })).toThrow('confusion[0] has 2 columns')
    expect(() => bootstrapConfusion([[0.5]], { accuracy })).toThrow('confusion[0][0] is 0.5')
  })

  test.each(['percentile', 'bca'] as const)('by %s holds the true value about as often as it says', (method) => {
    const truth = 0.8
    const sets = 300
    let held = 0
    const random = new RandomStream(11, 0)
    for (let set = 0; set < sets; set++) {
      let right = 0
      for (let i = 0; i < 120; i++) right += random.uniform() < truth ? 1 : 0
      const { low, high } = bootstrapConfusion(
        [
          [right, 120 - right],
          [0, 0],
        ],
        { accuracy },
        { seed: set, method },
      ).accuracy
      if (low <= truth && truth <= high) held++
    }
    // √(.95·.05 / 300) = .0126; four of these, and .01 for the steps of 1/120 between proportions.
    expect(Math.abs(held / sets - 0.95)).toBeLessThan(4 * 0.0126 + 0.01)
  })
})

describe('bootstrap', () => {
  const losses = Float64Array.from({ length: 200 }, (_, i) => -Math.log((i + 0.5) / 200))
  const mean = (weights: Uint32Array) => weights.reduce((sum, w, i) => sum + w * losses[i]!, 0) / losses.length

  test('takes statistics of samples by how often each was drawn', () => {
    const { loss } = bootstrap(200, { loss: mean }, { replicates: 4000 })
    const average = losses.reduce((a, b) => a + b, 0) / 200
    const deviation = Math.sqrt(losses.reduce((sum, x) => sum + (x - average) ** 2, 0) / 200)
    expect(loss.value).toBeCloseTo(average, 12)
    expect(Math.abs(loss.standardError / (deviation / Math.sqrt(200)) - 1)).toBeLessThan(0.067)
    expect(loss.low).toBeLessThan(average)
    expect(loss.high).toBeGreaterThan(average)
  })

  test('keeps strata of samples', () => {
    const strata = Array.from(losses, (_, i) => (i < 100 ? 0 : 1))
    const { loss } = bootstrap(200, { loss: mean }, { strata })
    expect(loss.standardError).toBeLessThan(bootstrap(200, { loss: mean }).loss.standardError)
    expect(() => bootstrap(200, { loss: mean }, { strata: [1] })).toThrow('1 strata and 200 samples')
  })
})

describe('bootstrapDifference', () => {
  const labels = Array.from({ length: 400 }, (_, i) => i % 4)
  const wrongWhere = (miss: (i: number) => boolean) => labels.map((label, i) => (miss(i) ? (label + 1) % 4 : label))
  const first = wrongWhere((i) => i % 5 === 0)

  test('of a model with itself is 0 for sure', () => {
    const { accuracy: same } = bootstrapDifference({ classes: 4, labels, first, second: first }, { accuracy })
    expect(same).toEqual({ value: 0, low: 0, high: 0, standardError: 0, first: 0.8, second: 0.8, pValue: 1 })
  })

  test('finds what separate intervals cannot tell, since both meet the same hard samples', () => {
    const second = wrongWhere((i) => i % 5 === 0 && i % 25 !== 0)
    const paired = bootstrapDifference({ classes: 4, labels, first, second }, { accuracy }).accuracy
    expect(paired.value).toBeCloseTo(0.04, 12)
    expect([paired.first, paired.second]).toEqual([0.8, 0.84])
    expect(paired.low).toBeGreaterThan(0)
    expect(paired.pValue).toBe(2 / 1001)
    // 16 of 400 differ: √(.04·.96 / 400)
    expect(Math.abs(paired.standardError / Math.sqrt((0.04 * 0.96) / 400) - 1)).toBeLessThan(6 / Math.sqrt(2000))
    const separate = [first, second].map(
      (p) => bootstrapConfusion(confusionMatrix(labels, p, 4), { accuracy }).accuracy,
    )
    expect(separate[0]!.high).toBeGreaterThan(separate[1]!.low)
  })

  test('names what does not fit', () => {
    expect(() => bootstrapDifference({ classes: 4, labels, first, second: [1] }, { accuracy })).toThrow(
      '400 labels and 1 predictions of the second',
    )
    expect(() => bootstrapDifference({ classes: 1, labels: [0], first: [0], second: [1] }, { accuracy })).toThrow(
      'second[0] is 1',
    )
  })
})

describe('intervals', () => {
  test('have linear quantiles between order statistics', () => {
    const sorted = Float64Array.of(1, 2, 4, 8)
    expect([0, 0.5, 0.9, 1].map((q) => quantile(sorted, q))).toEqual(
      [1, 3, 4 + 4 * 0.7, 8].map((x) => expect.closeTo(x, 12)),
    )
    expect(quantile(new Float64Array(), 0.5)).toBeNaN()
  })

  test('by BCa without bias and skewness are percentiles, and with either have moved', () => {
    const replicates = Float64Array.from({ length: 1001 }, (_, i) => i / 1000)
    const even = [0.4, 0.6].map((value) => ({ value, count: 10, stratum: 0, size: 20 }))
    const plain = bcaInterval(0.5, replicates, even, 0.9)
    expect(plain.low).toBeCloseTo(0.05, 12)
    expect(plain.high).toBeCloseTo(0.95, 12)
    // z₀ = Φ⁻¹(.6) = .253347, a = 0: Φ(2·.253347 ∓ 1.644854) = .127530, .984305
    const biased = bcaInterval(0.6, replicates, even, 0.9)
    expect(biased.low).toBeCloseTo(0.12753, 3)
    expect(biased.high).toBeCloseTo(0.984305, 3)
    expect(bcaInterval(2, replicates, even, 0.9).low).toBeCloseTo(0.05, 12)
  })

  test('have the acceleration of a mean: skewness / (6·√n)', () => {
    const x = [1, 2, 3, 10]
    const mean = 4
    const without = x.map((v) => ({ value: (16 - v) / 3, count: 1, stratum: 0, size: 4 }))
    const m2 = x.reduce((s, v) => s + (v - mean) ** 2, 0)
    const m3 = x.reduce((s, v) => s + (v - mean) ** 3, 0)
    expect(acceleration(without)).toBeCloseTo(m3 / (6 * m2 ** 1.5), 12)
    expect(acceleration([])).toBe(0)
  })
})
