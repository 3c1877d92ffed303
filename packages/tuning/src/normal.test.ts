import { describe, expect, test } from 'vitest'
import {
  erfc,
  logNormalCdf,
  logNormalMass,
  normalCdf,
  normalMass,
  normalQuantile,
  truncatedNormalQuantile,
} from './normal.ts'
import { readGolden } from './testing/formula.ts'

const golden = readGolden<Record<'x' | 'erfc' | 'cdf' | 'logCdf' | 'p' | 'quantile', number[]>>('normal')

/** Relative to f64's ε. Both sides may be a few ε off; in a tail exp(−x²/2) turns ε of x into x²·ε. */
function expectClose(actual: number, expected: number, epsilons: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(epsilons * Number.EPSILON * Math.abs(expected))
}

describe('the normal distribution', () => {
  test("has SciPy's erfc and Φ, tails included", () => {
    golden.x.forEach((x, i) => {
      expectClose(erfc(x), golden.erfc[i] as number, 8 + x * x)
      expectClose(normalCdf(x), golden.cdf[i] as number, 8 + x * x)
    })
    expect([erfc(0), erfc(30), erfc(-30), erfc(Number.NaN)]).toEqual([1, 0, 2, Number.NaN])
  })

  test("has SciPy's ln Φ, also where Φ is 0 in f64", () => {
    ;[...golden.x, -100, -1000].forEach((x, i) => {
      expectClose(logNormalCdf(x), golden.logCdf[i] as number, 8 + x * x)
    })
    expect(normalCdf(-100)).toBe(0)
  })

  test("has SciPy's quantiles", () => {
    golden.p.forEach((p, i) => {
      expectClose(normalQuantile(p), golden.quantile[i] as number, 8)
    })
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity])
  })

  test('has the same mass in both tails, and its logarithm where the mass underflows', () => {
    expect(normalMass(7, 8)).toBe(normalMass(-8, -7))
    expect(logNormalMass(-1, 2)).toBeCloseTo(Math.log(normalMass(-1, 2)), 14)
    expect(normalMass(50, 51)).toBe(0)
    // ln φ(50) − ln 50 − 1/50² to first order of Mills' ratio.
    expect(logNormalMass(50, 51)).toBeCloseTo(-1250 - Math.log(50) - 0.9189385332046727 - 1 / 2500, 5)
  })

  test('cut to an interval has quantiles that invert its mass, and ends where the interval does', () => {
    for (const [a, b] of [
      [-1, 2],
      [-30, 0.1],
      [3, 5],
      [-6, -4],
    ] as const) {
      for (const q of [1e-6, 0.3, 0.5, 0.99]) {
        const x = truncatedNormalQuantile(q, a, b)
        expect(normalMass(a, x) / normalMass(a, b)).toBeCloseTo(q, 12)
      }
      expect(truncatedNormalQuantile(0, a, b)).toBeCloseTo(a, 12)
      expect(truncatedNormalQuantile(1, a, b)).toBeCloseTo(b, 12)
    }
  })
})
