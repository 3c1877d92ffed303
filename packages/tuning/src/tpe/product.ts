import { argsort } from '../argsort.ts'
import { LOG_SQRT_TWO_PI, logNormalMass } from '../normal.ts'
import type { Draw } from '../random.ts'
import { type CategoricalParameter, type Domain, domainOf, type NumericParameter, type Parameter } from '../space.ts'
import { type Kernels, massInside } from './mixture.ts'
import {
  categoricalKernel,
  drawIndex,
  drawNumeric,
  gapKernels,
  type Observations,
  type Parzen,
  scottKernels,
  widthOf,
} from './parzen.ts'

/** How wide kernels of parameters are that are modelled together: all alike by Scott's rule, or each by the gaps beside it. */
export type Bandwidth = 'scott' | 'gap'

/** The estimator of parameters that are modelled together. */
export function multivariateParzen(
  parameters: readonly Parameter[],
  { columns, weights, orderOf }: Observations,
  bandwidth: Bandwidth = 'scott',
): Parzen {
  const factors = parameters.map((parameter, d) => {
    const values = columns[d] as Float64Array
    if (parameter.kind === 'categorical') return categoricalFactor(parameter, values)
    const domain = domainOf(parameter)
    const kernels =
      bandwidth === 'scott'
        ? scottKernels(domain, values, parameters.length)
        : gapKernels(domain, values, orderOf?.(d) ?? argsort(values))
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
      return new LogSums(factors, points, logWeights).result()
    },
  }
}

/** One parameter's kernels: its share ln k_id of every kernel i of a product. */
interface Factor {
  draw(kernel: number, draw: Draw): number
  /** Multiplies by what does not depend on x. */
  scale(scales: Float64Array): void
  /** What adds the logarithm of the rest. */
  at(x: number): AddLogs
  /** Which is never above this. */
  most: number
}

/** Adds to the logarithms of those kernels whose numbers are in `alive`. */
type AddLogs = (logs: Float64Array, alive: Int32Array) => void

/** Terms below e^−60 of the greatest do not change a sum of any number of them. */
const NEGLIGIBLE = -60
/** So many kernels of twenty parameters stay in a core's cache while all points are gone through. */
const BLOCK = 1024

/**
 * ln Σᵢ e^(logWeights[i]) ∏_d k_id(x_d) of several points x. A kernel that cannot come near the prior's share any more is dropped on the
 * way: where kernels are narrow, nearly all are after the first factors.
 */
class LogSums {
  readonly #logWeights: Float64Array
  readonly #points: readonly PointSum[]
  /** By factor, the most that those after it add. */
  readonly #rests: readonly number[]
  readonly #logs: Float64Array
  readonly #alive = new Int32Array(BLOCK)

  constructor(factors: readonly Factor[], points: readonly Float64Array[], logWeights: Float64Array) {
    const prior = logWeights.length - 1
    this.#logWeights = logWeights
    this.#logs = logWeights.slice()
    this.#rests = factors.map((_, d) => factors.slice(d + 1).reduce((sum, { most }) => sum + most, 0))
    this.#points = points.map((point) => {
      const adders = factors.map((factor, d) => factor.at(point[d] as number))
      this.#logs[prior] = logWeights[prior] as number
      for (const add of adders) add(this.#logs, Int32Array.of(prior))
      return { adders, floor: (this.#logs[prior] as number) + NEGLIGIBLE, kept: new Float64Array(prior + 1), count: 0 }
    })
  }

  result(): Float64Array {
    for (let start = 0; start < this.#logs.length; start += BLOCK) {
      for (const point of this.#points) this.#sumBlock(point, start, Math.min(start + BLOCK, this.#logs.length))
    }
    return Float64Array.from(this.#points, ({ kept, count }) => logSumExp(kept.subarray(0, count)))
  }

  #sumBlock(point: PointSum, start: number, end: number): void {
    const { adders, floor, kept } = point
    const logs = this.#logs
    let alive = this.#alive.subarray(0, end - start)
    for (let i = start; i < end; i++) {
      logs[i] = this.#logWeights[i] as number
      alive[i - start] = i
    }
    for (let d = 0; d < adders.length; d++) {
      ;(adders[d] as AddLogs)(logs, alive)
      // After 1, 2, 4, 8, …: more looks cost more than they save where kernels are wide.
      if ((d & (d + 1)) === 0) alive = alive.subarray(0, keepAbove(floor - (this.#rests[d] as number), logs, alive))
    }
    for (let k = 0; k < alive.length; k++) kept[point.count++] = logs[alive[k] as number] as number
  }
}

interface PointSum {
  adders: readonly AddLogs[]
  /** What is below does not count. */
  floor: number
  /** The logarithms of the kernels that were not dropped. */
  kept: Float64Array
  count: number
}

/** Moves what is not below `least` to the front; gives how many those are. */
function keepAbove(least: number, logs: Float64Array, alive: Int32Array): number {
  let kept = 0
  for (let k = 0; k < alive.length; k++) {
    const i = alive[k] as number
    if ((logs[i] as number) >= least) alive[kept++] = i
  }
  return kept
}

function numericFactor(parameter: NumericParameter, domain: Domain, kernels: Kernels): Factor {
  return {
    draw: (i, draw) => drawNumeric(parameter, domain, kernels, i, draw),
    ...(domain.step === null ? normalLogs(domain, kernels) : stepLogs(domain, domain.step, kernels)),
  }
}

/** Normal densities, in widths of the domain, so that a product of many neither overflows nor vanishes. */
function normalLogs(domain: Domain, { mus, sigmas }: Kernels): Omit<Factor, 'draw'> {
  const width = widthOf(domain)
  const constant = LOG_SQRT_TWO_PI + Math.log(width)
  const factors = new Float64Array(sigmas.length)
  for (let i = 0; i < sigmas.length; i++) factors[i] = -0.5 / ((sigmas[i] as number) * (sigmas[i] as number))
  return {
    scale: (scales) => {
      for (let i = 0; i < scales.length; i++) {
        const sigma = sigmas[i] as number
        scales[i] = (scales[i] as number) / (massInside(mus[i] as number, sigma, domain) * (sigma / width))
      }
    },
    at: (x) => (logs, alive) => {
      for (let k = 0; k < alive.length; k++) {
        const i = alive[k] as number
        const distance = x - (mus[i] as number)
        logs[i] = (logs[i] as number) + (factors[i] as number) * distance * distance - constant
      }
    },
    most: -constant,
  }
}

/** Masses on a step. */
function stepLogs(domain: Domain, step: number, kernels: Kernels): Omit<Factor, 'draw'> {
  const { classes, mus, sigmas } = distinct(kernels)
  const prior = mus.length - 1
  const least = sigmas.reduce((min, sigma) => Math.min(min, sigma), Infinity)
  /** ln of the mass of kernels of the least σ, by how many steps they are away: nearly all have it. */
  const known: number[] = []
  const logMass = (distance: number, sigma: number) =>
    logNormalMass((distance - 0.5 * step) / sigma, (distance + 0.5 * step) / sigma)
  return {
    scale: (scales) => {
      const masses = mus.map((mu, c) => massInside(mu, sigmas[c] as number, domain))
      for (let i = 0; i < scales.length; i++) {
        scales[i] = (scales[i] as number) / (masses[classes[i] as number] as number)
      }
    },
    ...logsByClass(classes, (x) => {
      const table = new Float64Array(mus.length)
      for (let c = 0; c <= prior; c++) {
        const distance = Math.abs(x - (mus[c] as number))
        const sigma = sigmas[c] as number
        // The prior's μ may lie between two steps.
        table[c] =
          sigma === least && c !== prior
            ? (known[Math.round(distance / step)] ??= logMass(distance, sigma))
            : logMass(distance, sigma)
      }
      return table
    }),
  }
}

function categoricalFactor({ choices }: CategoricalParameter, observed: Float64Array): Factor {
  const n = observed.length
  const { hit, miss } = categoricalKernel(choices.length, n)
  const [logHit, logMiss, logPrior] = [Math.log(hit), Math.log(miss), -Math.log(choices.length)]
  const classes = new Int32Array(n + 1).fill(choices.length)
  classes.set(observed)
  return {
    draw: (i, draw) => {
      if (i === n) return Math.floor(draw() * choices.length)
      return drawIndex(
        Float64Array.from(choices, (_, choice) => (choice === observed[i] ? hit : miss)),
        draw,
      )
    },
    scale: () => {},
    ...logsByClass(classes, (x) => {
      const table = new Float64Array(choices.length + 1).fill(logMiss)
      table[x] = logHit
      table[choices.length] = logPrior
      return table
    }),
  }
}

/** A parameter of few values has few distinct kernels. Each is evaluated once a point, and looked up by all that are like it. */
function logsByClass(
  classes: Int32Array,
  /** ln k of each class at x. */
  tableAt: (x: number) => Float64Array,
): Pick<Factor, 'at' | 'most'> {
  return {
    at: (x) => {
      const table = tableAt(x)
      return (logs, alive) => {
        for (let k = 0; k < alive.length; k++) {
          const i = alive[k] as number
          logs[i] = (logs[i] as number) + (table[classes[i] as number] as number)
        }
      }
    },
    most: 0,
  }
}

/** The kernels of which none is equal to another, the prior's last, and which of them each kernel is. */
function distinct({ mus, sigmas }: Kernels): Kernels & { classes: Int32Array } {
  const n = mus.length - 1
  const classes = new Int32Array(n + 1)
  const [distinctMus, distinctSigmas]: [number[], number[]] = [[], []]
  const add = (i: number): number => {
    distinctSigmas.push(sigmas[i] as number)
    return distinctMus.push(mus[i] as number) - 1
  }
  const byMu = new Map<number, number>()
  for (let i = 0; i < n; i++) {
    let known = byMu.get(mus[i] as number)
    // Of one μ the first and the last may be wider: these few are not looked for again.
    if (known === undefined || distinctSigmas[known] !== sigmas[i]) byMu.set(mus[i] as number, (known = add(i)))
    classes[i] = known
  }
  classes[n] = add(n)
  return { classes, mus: Float64Array.from(distinctMus), sigmas: Float64Array.from(distinctSigmas) }
}

function logSumExp(logs: Float64Array): number {
  let max = -Infinity
  for (let i = 0; i < logs.length; i++) max = Math.max(max, logs[i] as number)
  let sum = 0
  for (let i = 0; i < logs.length; i++) {
    const below = (logs[i] as number) - max
    if (below > NEGLIGIBLE) sum += Math.exp(below)
  }
  return max + Math.log(sum)
}
