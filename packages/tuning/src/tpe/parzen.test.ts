import { describe, expect, test } from 'vitest'
import { argsort } from '../argsort.ts'
import { domainOf, encode, type NumericParameter, type Parameter } from '../space.ts'
import { goldenValue, mulberry32, readGolden, SPACE } from '../testing/formula.ts'
import type { Kernels } from './mixture.ts'
import { gapKernels, observationWeights, scottKernels, univariateParzen } from './parzen.ts'
import { multivariateParzen } from './product.ts'

interface Case {
  history: number
  n: number
  weights: number[]
  univariate: Record<string, { sigmas: number[] | null; logDensities: number[] }>
  multivariate: { sigmas: Record<string, number | null>; logDensities: number[] }
}

const cases = readGolden<Case[]>('parzen')
const parameters = Object.entries(SPACE) as [string, Parameter][]

/** As models see it; goldens have a choice's index already. */
const encoded = (parameter: Parameter, value: number): number =>
  parameter.kind === 'categorical' ? value : encode(parameter, value)

/** The history of make_goldens.py: a column of n encoded values for each parameter. */
function columnsOf(history: number, n: number): Float64Array[] {
  const draw = mulberry32(1000 + history)
  const columns = parameters.map(() => new Float64Array(n))
  for (let i = 0; i < n; i++) {
    parameters.forEach(([, parameter], d) => {
      const u = draw()
      const value = goldenValue(parameter, history % 2 ? 0.3 + 0.2 * u : u)
      ;(columns[d] as Float64Array)[i] = encoded(parameter, value)
    })
  }
  return columns
}

function expectEqual(actual: ArrayLike<number>, expected: readonly number[], what: string): void {
  expect(actual.length, what).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) {
    const wanted = expected[i] as number
    const tolerance = 1e-9 * Math.max(1, Math.abs(wanted))
    expect(Math.abs((actual[i] as number) - wanted), `${what}[${i}]: ${actual[i]} for ${wanted}`).toBeLessThan(
      tolerance,
    )
  }
}

describe('Parzen estimators of 20 histories are those of Optuna 3.1 to 1e-9', () => {
  test.each(cases)('history $history: weights, σ and log-densities of $n observations, one by one', (golden) => {
    const columns = columnsOf(golden.history, golden.n)
    const weights = observationWeights(golden.n)
    expectEqual(weights, golden.weights, 'weights')
    parameters.forEach(([name, parameter], d) => {
      const values = columns[d] as Float64Array
      const expected = golden.univariate[name] as Case['univariate'][string]
      if (parameter.kind !== 'categorical') {
        const { sigmas } = gapKernels(domainOf(parameter), values, argsort(values))
        expectEqual(sigmas, expected.sigmas as number[], `${name} σ`)
      }
      const points = expected.logDensities.map((_, i) =>
        Float64Array.of(
          parameter.kind === 'categorical' ? i : encode(parameter, goldenValue(parameter, (i + 0.5) / 9)),
        ),
      )
      const estimator = univariateParzen(parameter, { columns: [values], weights })
      expectEqual(estimator.logDensities(points), expected.logDensities, `${name} log-density`)
    })
  })

  test.each(cases)('history $history: σ and log-densities of $n observations, all parameters together', (golden) => {
    const columns = columnsOf(golden.history, golden.n)
    parameters.forEach(([name, parameter], d) => {
      if (parameter.kind === 'categorical') return
      const { sigmas } = scottKernels(domainOf(parameter), columns[d] as Float64Array, parameters.length)
      expectEqual([sigmas[0] as number], [golden.multivariate.sigmas[name] as number], `${name} σ`)
    })
    const draw = mulberry32(2000 + golden.history)
    const points = golden.multivariate.logDensities.map(() =>
      Float64Array.from(parameters, ([, parameter]) => encoded(parameter, goldenValue(parameter, draw()))),
    )
    const estimator = multivariateParzen(
      parameters.map(([, parameter]) => parameter),
      { columns, weights: observationWeights(golden.n) },
    )
    expectEqual(estimator.logDensities(points), golden.multivariate.logDensities, 'log-density')
  })
})

describe('kernels', () => {
  const domain = domainOf({ kind: 'float', low: -1, high: 1 })
  const mus = Float64Array.of(-0.4, 0.4, 0.41, 0.42)

  test('have the larger gap to a neighbour as σ, the first and last only the inner one unless ends are neighbours', () => {
    // Sorted with the prior's 0: gaps .4, .4, .01, .01; 2/6 is the least.
    const inner = gapKernels(domain, mus, argsort(mus)).sigmas
    expect([...inner].map((sigma) => Number(sigma.toFixed(12)))).toEqual([0.4, 0.4, 0.333333333333, 0.333333333333, 2])
    const ends = gapKernels(domain, mus, argsort(mus), true).sigmas
    expect([...ends].map((sigma) => Number(sigma.toFixed(12)))).toEqual([0.6, 0.4, 0.333333333333, 0.58, 2])
  })

  test('of one observed choice of three give it .6, the others .2', () => {
    const estimator = univariateParzen(
      { kind: 'categorical', choices: ['a', 'b', 'c'] },
      { columns: [Float64Array.of(1)], weights: Float64Array.of(1, 0) },
    )
    const logs = estimator.logDensities([0, 1, 2].map((choice) => Float64Array.of(choice)))
    expect([...logs].map((log) => Number(Math.exp(log).toFixed(12)))).toEqual([0.2, 0.6, 0.2])
  })

  test('integrate to one over their domain, and sum to one over their steps', () => {
    const values = Float64Array.from(columnsOf(7, 60)[0] as Float64Array)
    const float = univariateParzen(SPACE.a_float, { columns: [values], weights: observationWeights(60) })
    const n = 20_000
    const points = Array.from({ length: n }, (_, i) => Float64Array.of(-1.5 + (4 * (i + 0.5)) / n))
    const integral = float.logDensities(points).reduce((sum, log) => sum + (Math.exp(log) * 4) / n, 0)
    expect(integral).toBeCloseTo(1, 6)
    const ints = columnsOf(7, 60)[3] as Float64Array
    const int = univariateParzen(SPACE.d_int, { columns: [ints], weights: observationWeights(60) })
    const steps = Array.from({ length: 38 }, (_, i) => Float64Array.of(3 + i))
    expect(int.logDensities(steps).reduce((sum, log) => sum + Math.exp(log), 0)).toBeCloseTo(1, 12)
  })

  // Far apart, they are left out where they are far away; close together, they are summed as series.
  test.each([0.4, 0.03])('of 3000 observations within %f are summed as if each were looked at', (spread) => {
    const draw = mulberry32(5)
    const values = Float64Array.from({ length: 3000 }, () => 0.5 + spread * (draw() - draw()))
    const parameter: NumericParameter = { kind: 'float', low: 0, high: 1 }
    const unit = domainOf(parameter)
    const weights = observationWeights(values.length)
    const kernels = truncatedNormals(gapKernels(unit, values, argsort(values)))
    for (const x of [0, 0.011, 0.37, 0.46, 0.5, 0.9, 1]) {
      // Each kernel by itself, in f64, with its mass inside [0, 1] by a sum over a fine grid.
      let density = 0
      kernels.forEach((kernel, i) => {
        density += (weights[i] as number) * kernel(x)
      })
      const [log] = univariateParzen(parameter, { columns: [values], weights }).logDensities([Float64Array.of(x)])
      expect(Math.abs((log as number) - Math.log(density))).toBeLessThan(1e-9)
    }
  })

  test.each([0.4, 0.03])('of 1000 pairs of observations within %f are multiplied as if none were dropped', (spread) => {
    const draw = mulberry32(6)
    const columns = [0, 1].map(() => Float64Array.from({ length: 1000 }, () => 0.5 + spread * (draw() - draw())))
    const parameter: NumericParameter = { kind: 'float', low: 0, high: 1 }
    const unit = domainOf(parameter)
    const weights = observationWeights(1000)
    const kernels = columns.map((values) => truncatedNormals(gapKernels(unit, values, argsort(values))))
    const points = [0, 0.42, 0.5, 0.8].map((x) => Float64Array.of(x, 0.5))
    const logs = multivariateParzen([parameter, parameter], { columns, weights }, 'gap').logDensities(points)
    points.forEach((point, p) => {
      let density = 0
      weights.forEach((weight, i) => {
        density += kernels.reduce((product, at, d) => product * (at[i]?.(point[d] as number) ?? Number.NaN), weight)
      })
      expect(Math.abs((logs[p] as number) - Math.log(density))).toBeLessThan(1e-9)
    })
  })

  test.each(parameters)('of %s alone are those by gaps among several', (_, parameter) => {
    const d = parameters.findIndex(([, other]) => other === parameter)
    for (const n of [0, 1, 7, 200]) {
      const observations = { columns: [columnsOf(3, n)[d] as Float64Array], weights: observationWeights(n) }
      const points = Array.from({ length: 9 }, (_, i) =>
        Float64Array.of(encoded(parameter, goldenValue(parameter, (i + 0.5) / 9))),
      )
      const alone = univariateParzen(parameter, observations).logDensities(points)
      expectEqual(multivariateParzen([parameter], observations, 'gap').logDensities(points), [...alone], `${n} trials`)
    }
  })

  test('draw points in proportion to the density', () => {
    const values = Float64Array.of(0.2, 0.22, 0.8)
    const parameter: NumericParameter = { kind: 'float', low: 0, high: 1 }
    const estimator = univariateParzen(parameter, { columns: [values], weights: observationWeights(3) })
    const draw = mulberry32(9)
    const n = 20_000
    const counts = new Float64Array(5)
    for (let i = 0; i < n; i++) {
      const cell = Math.floor(5 * (estimator.draw(draw)[0] as number))
      counts[cell] = (counts[cell] as number) + 1
    }
    counts.forEach((count, cell) => {
      const points = Array.from({ length: 200 }, (_, k) => Float64Array.of((cell + (k + 0.5) / 200) / 5))
      const share = estimator.logDensities(points).reduce((sum, log) => sum + Math.exp(log) / 1000, 0)
      // Five standard deviations of a count.
      expect(Math.abs(count / n - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / n))
    })
  })
})

/** The densities of normal distributions that are cut to [0, 1]. */
function truncatedNormals({ mus, sigmas }: Kernels): ((x: number) => number)[] {
  return Array.from(mus, (mu, i) => {
    const sigma = sigmas[i] as number
    const peak = 1 / (sigma * Math.sqrt(2 * Math.PI) * univariateMass((0 - mu) / sigma, (1 - mu) / sigma))
    return (x) => peak * Math.exp(-0.5 * ((x - mu) / sigma) ** 2)
  })
}

/** Φ(b) − Φ(a) by Simpson's rule: what the closed form is held against. */
function univariateMass(a: number, b: number): number {
  const from = Math.max(a, -12)
  const to = Math.min(b, 12)
  const n = 4000
  const h = (to - from) / n
  let sum = 0
  for (let i = 0; i <= n; i++) {
    const x = from + i * h
    sum += (i === 0 || i === n ? 1 : i % 2 ? 4 : 2) * Math.exp(-0.5 * x * x)
  }
  return (sum * h) / 3 / Math.sqrt(2 * Math.PI)
}
