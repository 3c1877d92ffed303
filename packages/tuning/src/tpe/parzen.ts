import { argsort } from '../argsort.ts'
import { truncatedNormalQuantile } from '../normal.ts'
import type { Draw } from '../random.ts'
import {
  type CategoricalParameter,
  type Domain,
  decode,
  domainOf,
  encode,
  type NumericParameter,
  type Parameter,
} from '../space.ts'
import { type Kernels, type Mixture, mixtureOf } from './mixture.ts'

/**
 * Parzen estimators in Optuna 3.1's definitions: f(x) = Σᵢ wᵢ ∏_d k_id(x_d), one kernel i for each observation and a last one
 * for the prior. A numeric kernel is a normal cut to the domain, or its mass on a step; a categorical one puts most on what was
 * observed. All values are encoded (`encode` of the space). Several parameters together: product.ts.
 */
export interface Parzen {
  /** A point of the mixture, moved to where a value can be. */
  draw(draw: Draw): Float64Array
  /** ln f of each point. */
  logDensities(points: readonly Float64Array[]): Float64Array
}

/** What an estimator is made from: n observations, oldest first. */
export interface Observations {
  /** For each parameter, n encoded values. */
  columns: readonly Float64Array[]
  /** n + 1 that sum to 1; the last is the prior's. */
  weights: Float64Array
  /** The observations by rising value of parameter `d`, where that is known already. */
  orderOf?: (d: number) => Int32Array
}

/** Weights by age: the last 25 count fully, those before in falling measure. Or those given; the prior's is 1 before all are scaled. */
export function observationWeights(n: number, given: readonly number[] | null = null): Float64Array {
  const weights = new Float64Array(n + 1).fill(1)
  if (given !== null) weights.set(given)
  else if (n > 25) {
    const ramp = n - 25
    for (let i = 0; i < ramp; i++) weights[i] = ramp === 1 ? 1 / n : 1 / n + (i * (1 - 1 / n)) / (ramp - 1)
  }
  let sum = 0
  for (let i = 0; i <= n; i++) sum += weights[i] as number
  for (let i = 0; i <= n; i++) weights[i] = (weights[i] as number) / sum
  return weights
}

/** The estimator of one parameter by itself. */
export function univariateParzen(parameter: Parameter, observations: Observations): Parzen {
  return parameter.kind === 'categorical'
    ? categoricalParzen(parameter, observations)
    : numericParzen(parameter, observations)
}

export const widthOf = ({ low, high }: Domain): number => high - low
/** "Magic clip": no kernel is narrower than this, so that a few close observations do not become needles. */
const leastSigma = (domain: Domain, n: number): number => widthOf(domain) / Math.min(100, n + 2)

/**
 * Kernels of one parameter: σ is the larger gap to a neighbour, the prior's μ among them. The first has only the gap to its
 * right and the last only that to its left, unless `endpoints` makes the domain's ends neighbours.
 */
export function gapKernels(domain: Domain, values: Float64Array, order: Int32Array, endpoints = false): Kernels {
  const n = values.length
  const { low, high } = domain
  const mus = new Float64Array(n + 1)
  mus.set(values)
  const middle = 0.5 * (low + high)
  mus[n] = middle
  // The prior's place is after its equals.
  let place = n
  while (place > 0 && (values[order[place - 1] as number] as number) > middle) place--
  const kernelAt = (k: number): number => (k === place ? n : (order[k < place ? k : k - 1] as number))
  const sigmas = new Float64Array(n + 1)
  const least = leastSigma(domain, n)
  const width = widthOf(domain)
  let before = low
  let i = kernelAt(0)
  for (let k = 0; k < n; k++) {
    const next = kernelAt(k + 1)
    const mu = mus[i] as number
    const right = (mus[next] as number) - mu
    const gap = k === 0 && !endpoints ? right : Math.max(mu - before, right)
    sigmas[i] = Math.min(Math.max(gap, least), width)
    before = mu
    i = next
  }
  const mu = mus[i] as number
  const gap = n > 0 && !endpoints ? mu - before : Math.max(mu - before, high - mu)
  sigmas[i] = Math.min(Math.max(gap, least), width)
  sigmas[n] = width
  return { mus, sigmas }
}

/** Kernels of a parameter among `dimensions` that are modelled together: one σ for all, by Scott's rule. */
export function scottKernels(domain: Domain, values: Float64Array, dimensions: number): Kernels {
  const n = values.length
  const width = widthOf(domain)
  const mus = new Float64Array(n + 1)
  mus.set(values)
  mus[n] = 0.5 * (domain.low + domain.high)
  const sigma = 0.2 * Math.max(n, 1) ** (-1 / (dimensions + 4)) * width
  const sigmas = new Float64Array(n + 1).fill(Math.min(Math.max(sigma, leastSigma(domain, n)), width))
  sigmas[n] = width
  return { mus, sigmas }
}

function numericParzen(parameter: NumericParameter, { columns, weights, orderOf }: Observations): Parzen {
  const [values] = columns as [Float64Array]
  const domain = domainOf(parameter)
  const order = orderOf?.(0) ?? argsort(values)
  const kernels = gapKernels(domain, values, order)
  let mixture: Mixture | null = null
  return {
    draw: (draw) => {
      const i = drawIndex(weights, draw)
      return Float64Array.of(drawNumeric(parameter, domain, kernels, i, draw))
    },
    logDensities: (points) => {
      const { densityAt } = (mixture ??= mixtureOf(domain, kernels, weights, order, leastSigma(domain, order.length)))
      return Float64Array.from(points, ([x]) => Math.log(densityAt(x as number)))
    },
  }
}

/** Probabilities of a categorical kernel: of the observed choice, of another one. The prior's are 1/C. */
export function categoricalKernel(choices: number, n: number): { hit: number; miss: number } {
  const value = 1 / (n + 1)
  const sum = 1 + choices * value
  return { hit: (1 + value) / sum, miss: value / sum }
}

function categoricalParzen({ choices }: CategoricalParameter, { columns, weights }: Observations): Parzen {
  const [observed] = columns as [Float64Array]
  const n = observed.length
  const { hit, miss } = categoricalKernel(choices.length, n)
  const prior = weights[n] as number
  const probabilities = new Float64Array(choices.length).fill(prior / choices.length + miss * (1 - prior))
  for (let i = 0; i < n; i++) {
    const choice = observed[i] as number
    probabilities[choice] = (probabilities[choice] as number) + (hit - miss) * (weights[i] as number)
  }
  return {
    draw: (draw) => Float64Array.of(drawIndex(probabilities, draw)),
    logDensities: (points) =>
      Float64Array.from(points, ([choice]) => Math.log(probabilities[choice as number] as number)),
  }
}

/** A value of kernel i, as models see it, moved to where a value can be. */
export function drawNumeric(
  parameter: NumericParameter,
  { low, high }: Domain,
  { mus, sigmas }: Kernels,
  i: number,
  draw: Draw,
): number {
  const [mu, sigma] = [mus[i] as number, sigmas[i] as number]
  const x = mu + sigma * truncatedNormalQuantile(draw(), (low - mu) / sigma, (high - mu) / sigma)
  return encode(parameter, decode(parameter, x))
}

/** An index drawn in proportion to `weights`, which sum to 1 but for rounding. */
export function drawIndex(weights: Float64Array, draw: Draw): number {
  let rest = draw()
  for (let i = 0; i < weights.length; i++) if ((rest -= weights[i] as number) < 0) return i
  return weights.length - 1
}
