import { LOG_SQRT_TWO_PI, logNormalMass, normalCdf, normalMass, truncatedNormalQuantile } from '../normal.ts'
import type { Draw } from '../random.ts'
import {
  type CategoricalParameter,
  countOf,
  type Domain,
  decode,
  domainOf,
  encode,
  type NumericParameter,
  type Parameter,
} from '../space.ts'

/**
 * Parzen estimators in Optuna 3.1's definitions: f(x) = Σᵢ wᵢ ∏_d k_id(x_d), one kernel i for each observation and a last one
 * for the prior. A numeric kernel is a normal cut to the domain, or its mass on a step; a categorical one puts most on what was
 * observed. All values are encoded (`encode` of the space).
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
  /** For each parameter, the observations by rising value, where that is known already. */
  orders?: readonly Int32Array[]
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

/** μ and σ of each kernel, the prior's last. */
export interface Kernels {
  mus: Float64Array
  sigmas: Float64Array
}

const widthOf = ({ low, high }: Domain): number => high - low
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
  const sorted = insertPrior(values, order, middle)
  const sigmas = new Float64Array(n + 1)
  const least = leastSigma(domain, n)
  for (let k = 0; k <= n; k++) {
    const mu = mus[sorted[k] as number] as number
    const left = mu - (k === 0 ? low : (mus[sorted[k - 1] as number] as number))
    const right = (k === n ? high : (mus[sorted[k + 1] as number] as number)) - mu
    const first = k === 0 && n > 0 && !endpoints
    const last = k === n && n > 0 && !endpoints
    const gap = first ? right : last ? left : Math.max(left, right)
    sigmas[sorted[k] as number] = Math.min(Math.max(gap, least), high - low)
  }
  sigmas[n] = high - low
  return { mus, sigmas }
}

/** `order` with index n for the prior, after equals. */
function insertPrior(values: Float64Array, order: Int32Array, middle: number): Int32Array {
  const n = order.length
  let place = n
  while (place > 0 && (values[order[place - 1] as number] as number) > middle) place--
  const sorted = new Int32Array(n + 1)
  sorted.set(order.subarray(0, place))
  sorted[place] = n
  sorted.set(order.subarray(place), place + 1)
  return sorted
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

export function sortedOrder(values: Float64Array): Int32Array {
  // The index decides among equals: Array.prototype.sort is stable, but a typed array's comparator must say so itself.
  return Int32Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number) || a - b)
}

function numericParzen(parameter: NumericParameter, { columns, weights, orders }: Observations): Parzen {
  const [values] = columns as [Float64Array]
  const domain = domainOf(parameter)
  const order = orders?.[0] ?? sortedOrder(values)
  const kernels = gapKernels(domain, values, order)
  let mixture: Mixture | null = null
  return {
    draw: (draw) => {
      const i = drawIndex(weights, draw)
      return Float64Array.of(drawNumeric(parameter, domain, kernels, i, draw))
    },
    logDensities: (points) => {
      mixture ??= mixtureOf(domain, kernels, weights, order)
      return Float64Array.from(points, ([x]) => Math.log(densityAt(mixture as Mixture, domain, x as number)))
    },
  }
}

/**
 * Kernels for evaluation. Among many observations nearly all have the least σ, and reach no further than ten of it: beyond, e^−50
 * times any number of them is nothing beside the prior. They are kept by rising μ, so that a point meets only those near it.
 */
interface Mixture {
  narrow: KernelList
  wide: KernelList
  /** σ of all narrow kernels. */
  least: number
}

interface KernelList {
  mus: Float64Array
  sigmas: Float64Array
  /** wᵢ over the kernel's mass in the domain. */
  scales: Float64Array
  length: number
}

const REACH = 10

function mixtureOf(domain: Domain, { mus, sigmas }: Kernels, weights: Float64Array, order: Int32Array): Mixture {
  const n = order.length
  const least = leastSigma(domain, n)
  const narrow = emptyList(n + 1)
  const wide = emptyList(n + 1)
  const add = (i: number): void => {
    const sigma = sigmas[i] as number
    const list = sigma === least ? narrow : wide
    addKernel(list, mus[i] as number, sigma, weights[i] as number, domain)
  }
  for (let k = 0; k < n; k++) add(order[k] as number)
  add(n)
  return { narrow, wide, least }
}

function emptyList(capacity: number): KernelList {
  const array = () => new Float64Array(capacity)
  return { mus: array(), sigmas: array(), scales: array(), length: 0 }
}

/** Equal kernels in a row, as the few values of a stepped parameter have them, become one. */
function addKernel(list: KernelList, mu: number, sigma: number, weight: number, domain: Domain): void {
  const scale = weight / massInside(mu, sigma, domain)
  const last = list.length - 1
  if (last >= 0 && list.mus[last] === mu && list.sigmas[last] === sigma) {
    list.scales[last] = (list.scales[last] as number) + scale
    return
  }
  list.mus[list.length] = mu
  list.sigmas[list.length] = sigma
  list.scales[list.length++] = scale
}

/** Mass of a kernel in its domain, where μ lies: 1 but for rounding where both ends are 8.3 σ away. */
function massInside(mu: number, sigma: number, { low, high }: Domain): number {
  const below = (mu - low) / sigma
  const above = (high - mu) / sigma
  return 1 - (below > 8.3 ? 0 : normalCdf(-below)) - (above > 8.3 ? 0 : normalCdf(-above))
}

function densityAt({ narrow, wide, least }: Mixture, domain: Domain, x: number): number {
  const reach = REACH * least + 0.5 * (domain.step ?? 0)
  const start = lowerBound(narrow.mus, narrow.length, x - reach)
  const end = lowerBound(narrow.mus, narrow.length, x + reach)
  return sumKernels(narrow, start, end, domain, x) + sumKernels(wide, 0, wide.length, domain, x)
}

function sumKernels(
  { mus, sigmas, scales }: KernelList,
  start: number,
  end: number,
  domain: Domain,
  x: number,
): number {
  let sum = 0
  if (domain.step === null) {
    for (let i = start; i < end; i++) {
      const sigma = sigmas[i] as number
      const z = (x - (mus[i] as number)) / sigma
      sum += ((scales[i] as number) / sigma) * Math.exp(-0.5 * z * z)
    }
    return sum / Math.sqrt(2 * Math.PI)
  }
  const from = Math.max(x - 0.5 * domain.step, domain.low)
  const to = Math.min(x + 0.5 * domain.step, domain.high)
  for (let i = start; i < end; i++) {
    const sigma = sigmas[i] as number
    const mu = mus[i] as number
    sum += (scales[i] as number) * normalMass((from - mu) / sigma, (to - mu) / sigma)
  }
  return sum
}

/** The first index whose value is at least `x`. */
function lowerBound(values: Float64Array, length: number, x: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((values[middle] as number) < x) low = middle + 1
    else high = middle
  }
  return low
}

/** Probabilities of a categorical kernel: of the observed choice, of another one. The prior's are 1/C. */
function categoricalKernel(choices: number, n: number): { hit: number; miss: number } {
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

/** How wide kernels of parameters are that are modelled together: all alike by Scott's rule, or each by the gaps beside it. */
export type Bandwidth = 'scott' | 'gap'

/** The estimator of parameters that are modelled together. */
export function multivariateParzen(
  parameters: readonly Parameter[],
  { columns, weights, orders }: Observations,
  bandwidth: Bandwidth = 'scott',
): Parzen {
  const factors = parameters.map((parameter, d) => {
    const values = columns[d] as Float64Array
    if (parameter.kind === 'categorical') return categoricalFactor(parameter, values)
    const domain = domainOf(parameter)
    const kernels =
      bandwidth === 'scott'
        ? scottKernels(domain, values, parameters.length)
        : gapKernels(domain, values, orders?.[d] ?? sortedOrder(values))
    return numericFactor(parameter, domain, kernels)
  })
  return {
    draw: (draw) => {
      const i = drawIndex(weights, draw)
      return Float64Array.from(factors, (factor) => factor.draw(i, draw))
    },
    logDensities: (points) => {
      const scales = weights.slice()
      for (const factor of factors) factor.scale(scales)
      const logWeights = scales.map(Math.log)
      return Float64Array.from(points, (point) => {
        const logs = logWeights.slice()
        factors.forEach((factor, d) => {
          factor.addLogs(point[d] as number, logs)
        })
        return logSumExp(logs)
      })
    },
  }
}

/** One parameter's kernels: its share ln k_id of every kernel i of a product. */
interface Factor {
  draw(kernel: number, draw: Draw): number
  /** Multiplies by what does not depend on x. */
  scale(scales: Float64Array): void
  /** Adds the logarithm of what does. */
  addLogs(x: number, logs: Float64Array): void
}

function numericFactor(parameter: NumericParameter, domain: Domain, kernels: Kernels): Factor {
  const { mus, sigmas } = kernels
  const n = mus.length - 1
  return {
    draw: (i, draw) => drawNumeric(parameter, domain, kernels, i, draw),
    scale: (scales) => {
      // In widths of the domain, so that a product over many parameters neither overflows nor vanishes.
      const width = domain.high - domain.low
      for (let i = 0; i <= n; i++) {
        const sigma = sigmas[i] as number
        const peak = domain.step === null ? sigma / width : 1
        scales[i] = (scales[i] as number) / (massInside(mus[i] as number, sigma, domain) * peak)
      }
    },
    addLogs: domain.step === null ? addNormalLogs(domain, kernels) : addStepLogs(domain, kernels, countOf(parameter)),
  }
}

/** ln of e^(−z²/2) / (√(2π) · the domain's width): the rest is in the scales. */
function addNormalLogs(domain: Domain, { mus, sigmas }: Kernels): Factor['addLogs'] {
  const constant = LOG_SQRT_TWO_PI + Math.log(domain.high - domain.low)
  const factors = sigmas.map((sigma) => -0.5 / (sigma * sigma))
  return (x, logs) => {
    for (let i = 0; i < logs.length; i++) {
      const distance = x - (mus[i] as number)
      logs[i] = (logs[i] as number) + (factors[i] as number) * distance * distance - constant
    }
  }
}

/**
 * Of many kernels nearly all have the least σ, or all have one. For these the mass on a step depends only on how many steps it is
 * away, and is looked up in a table that fills as it is asked.
 */
function addStepLogs(domain: Domain, { mus, sigmas }: Kernels, count: number): Factor['addLogs'] {
  const step = domain.step as number
  const least = sigmas.reduce((min, sigma) => Math.min(min, sigma), Infinity)
  const table = new Float64Array(Math.min(count, MOST_STEPS)).fill(Number.NaN)
  const logMass = (distance: number, sigma: number) =>
    logNormalMass((distance - 0.5 * step) / sigma, (distance + 0.5 * step) / sigma)
  return (x, logs) => {
    for (let i = 0; i < logs.length; i++) {
      const distance = Math.abs(x - (mus[i] as number))
      const sigma = sigmas[i] as number
      // The prior's μ may lie between two steps, but its σ is the widest of all.
      const steps = sigma === least && i < logs.length - 1 ? Math.round(distance / step) : table.length
      let log = steps < table.length ? (table[steps] as number) : Number.NaN
      if (Number.isNaN(log)) {
        log = logMass(distance, sigma)
        if (steps < table.length) table[steps] = log
      }
      logs[i] = (logs[i] as number) + log
    }
  }
}

const MOST_STEPS = 65536

function categoricalFactor({ choices }: CategoricalParameter, observed: Float64Array): Factor {
  const n = observed.length
  const { hit, miss } = categoricalKernel(choices.length, n)
  const [logHit, logMiss] = [Math.log(hit), Math.log(miss)]
  return {
    draw: (i, draw) => {
      if (i === n) return Math.floor(draw() * choices.length)
      return drawIndex(
        Float64Array.from(choices, (_, choice) => (choice === observed[i] ? hit : miss)),
        draw,
      )
    },
    scale: () => {},
    addLogs: (x, logs) => {
      for (let i = 0; i < n; i++) logs[i] = (logs[i] as number) + (observed[i] === x ? logHit : logMiss)
      logs[n] = (logs[n] as number) - Math.log(choices.length)
    },
  }
}

function drawNumeric(
  parameter: NumericParameter,
  { low, high }: Domain,
  { mus, sigmas }: Kernels,
  i: number,
  draw: Draw,
) {
  const [mu, sigma] = [mus[i] as number, sigmas[i] as number]
  const x = mu + sigma * truncatedNormalQuantile(draw(), (low - mu) / sigma, (high - mu) / sigma)
  return encode(parameter, decode(parameter, x))
}

/** An index drawn in proportion to `weights`, which sum to 1 but for rounding. */
function drawIndex(weights: Float64Array, draw: Draw): number {
  let rest = draw()
  for (let i = 0; i < weights.length; i++) if ((rest -= weights[i] as number) < 0) return i
  return weights.length - 1
}

function logSumExp(logs: Float64Array): number {
  let max = -Infinity
  for (let i = 0; i < logs.length; i++) if ((logs[i] as number) > max) max = logs[i] as number
  let sum = 0
  for (let i = 0; i < logs.length; i++) {
    const below = (logs[i] as number) - max
    if (below > -60) sum += Math.exp(below)
  }
  return max + Math.log(sum)
}
