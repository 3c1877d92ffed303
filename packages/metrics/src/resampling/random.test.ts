import { describe, expect, test } from 'vitest'
import { binomial, logFactorial } from './binomial.ts'
import { erfc, normalCdf, normalQuantile } from './normal.ts'
import { philox, RandomStream } from './random.ts'

describe('philox', () => {
  test.each([
    // The known answers that its authors' library, Random123, ships for philox2x32-10.
    [0, 0, 0, 0xff1dae59, 0x6cd10df2],
    [0xffffffff, 0xffffffff, 0xffffffff, 0x2c3f628b, 0xab4fd7ad],
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0xdd7ce038, 0xf62a4c12],
  ])('of counter (%i, %i) under key %i is its authors’ answer', (c0, c1, key, first, second) => {
    const words = new Uint32Array(2)
    philox(c0, c1, key, words)
    expect([...words]).toEqual([first, second])
  })
})

describe('RandomStream', () => {
  test('gives the same numbers for the same seed and stream, and others for any other', () => {
    const numbers = (seed: number, stream: number) => {
      const random = new RandomStream(seed, stream)
      return Array.from({ length: 6 }, () => random.below(1e6))
    }
    expect(numbers(1, 2)).toEqual(numbers(1, 2))
    expect(numbers(1, 2)).not.toEqual(numbers(1, 3))
    expect(numbers(1, 2)).not.toEqual(numbers(2, 2))
  })

  test('draws every integer below n about equally often', () => {
    const random = new RandomStream(7, 0)
    const counts = new Array<number>(10).fill(0)
    for (let i = 0; i < 100_000; i++) counts[random.below(10)]!++
    // Six standard deviations of a count: √(n·p·(1 − p)) = 95.
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(6 * 95)
  })

  test('keeps uniform numbers strictly between 0 and 1', () => {
    const random = new RandomStream(3, 9)
    let sum = 0
    for (let i = 0; i < 10_000; i++) {
      const u = random.uniform()
      expect(u > 0 && u < 1).toBe(true)
      sum += u
    }
    // Six standard errors of a mean of 10 000: √(1/12) / 100.
    expect(Math.abs(sum / 10_000 - 0.5)).toBeLessThan(6 * 0.0029)
  })
})

describe('binomial', () => {
  test.each([
    [5, 0.3],
    [40, 0.02],
    [30, 0.5],
    [200, 0.9],
    [1000, 0.25],
    [1_000_000, 0.0001],
  ])('of %i trials at %d has the frequencies of the distribution', (n, p) => {
    const draws = 40_000
    const random = new RandomStream(n, 1)
    const counts = new Map<number, number>()
    for (let i = 0; i < draws; i++) {
      const k = binomial(random, n, p)
      counts.set(k, (counts.get(k) ?? 0) + 1)
    }
    const probability = (k: number) =>
      Math.exp(logFactorial(n) - logFactorial(k) - logFactorial(n - k) + k * Math.log(p) + (n - k) * Math.log1p(-p))
    // χ² over the counts expected at least ten times, with all others as one more.
    let chi2 = 0
    let cells = 0
    let restExpected = draws
    let rest = draws
    for (let k = Math.max(0, Math.floor(n * p - 200)); k <= Math.min(n, n * p + 200); k++) {
      const expected = draws * probability(k)
      if (expected < 10) continue
      const seen = counts.get(k) ?? 0
      chi2 += (seen - expected) ** 2 / expected
      restExpected -= expected
      rest -= seen
      cells++
    }
    if (restExpected >= 10) chi2 += (rest - restExpected) ** 2 / restExpected
    expect(cells).toBeGreaterThan(3)
    // Mean and variance of χ² are its degrees of freedom and twice that: five standard deviations.
    expect(chi2).toBeLessThan(cells + 5 * Math.sqrt(2 * cells))
  })

  test('is sure where the probability is 0 or 1', () => {
    const random = new RandomStream(0, 0)
    expect([binomial(random, 9, 0), binomial(random, 9, 1), binomial(random, 0, 0.5)]).toEqual([0, 9, 0])
  })
})

test('logFactorial is the sum of logarithms', () => {
  let sum = 0
  for (let n = 1; n <= 300; n++) {
    sum += Math.log(n)
    expect(Math.abs(logFactorial(n) - sum)).toBeLessThan(1e-11)
  }
})

describe('the normal distribution', () => {
  test.each([
    // scipy.special.erfc's digits.
    [0.5, 0.4795001221869535],
    [0.9999, 0.1573407219512406],
    [1, 0.15729920705028516],
    [1.9999, 0.00467980209297061],
    [2, 0.004677734981047266],
    [5, 1.5374597944280349e-12],
    [-1, 1.842700792949715],
  ])('has erfc(%d) %d', (x, expected) => {
    expect(erfc(x) / expected).toBeCloseTo(1, 14)
  })

  test.each([1e-300, 1e-9, 0.025, 0.3, 0.5, 0.975, 1 - 1e-9])('has a quantile of %d that its Φ gives back', (p) => {
    expect(normalCdf(normalQuantile(p)) / p).toBeCloseTo(1, 11)
  })

  test('has −∞, ∞ and NaN as the quantiles of 0, 1 and what is no probability', () => {
    expect([normalQuantile(0), normalQuantile(1), normalQuantile(-1)]).toEqual([-Infinity, Infinity, NaN])
  })
})
