import { normalCdf, normalMass } from '../normal.ts'
import type { Domain } from '../space.ts'

/**
 * The density of one numeric parameter's mixture, f(x) = Σᵢ wᵢ kᵢ(x), without a look at each of thousands of kernels. Nearly all of them
 * have the least σ and lie close together:
 *
 * - They are kept by rising μ in boxes of half a σ, and x meets only the boxes within ten σ: beyond, e^−50 times any number of kernels is
 *   nothing beside the prior.
 * - A box with many of them is one series about its centre, the fast Gauss transform (Greengard and Strain, SIAM J. Sci. Stat. Comput.
 *   12, 1991). With u and y for the distances of μ and x from it in σ, Σᵢ wᵢ e^(−(y − uᵢ)²/2) = e^(−y²/2) Σₖ yᵏ Σᵢ wᵢ e^(−uᵢ²/2) uᵢᵏ/k!.
 *   For |u| ≤ ¼ what 20 terms leave out is nowhere above 2e-22 of the box's peak, and so nothing beside the prior either.
 * - Equal kernels, as the few values of a stepped parameter have them, are one.
 */
export interface Mixture {
  densityAt(x: number): number
}

/** μ and σ of each kernel, the prior's last. */
export interface Kernels {
  mus: Float64Array
  sigmas: Float64Array
}

const REACH = 10
const BOX = 0.5
const TERMS = 20

/** `order`: the kernels but for the prior's by rising μ. `least`: σ that none is below, in which boxes and reach are measured. */
export function mixtureOf(
  domain: Domain,
  { mus, sigmas }: Kernels,
  weights: Float64Array,
  order: Int32Array,
  least: number,
): Mixture {
  let count = 0
  for (let i = 0; i < sigmas.length; i++) if (sigmas[i] === least) count++
  const narrow = emptyList(count)
  const wide = emptyList(sigmas.length - count)
  for (let k = 0; k <= order.length; k++) {
    const i = k < order.length ? (order[k] as number) : k
    const mu = mus[i] as number
    const sigma = sigmas[i] as number
    addKernel(sigma === least ? narrow : wide, mu, sigma, (weights[i] as number) / massInside(mu, sigma, domain))
  }
  const boxes = new Boxes(narrow, domain, least)
  return { densityAt: (x) => boxes.densityAt(x) + sumKernels(wide, 0, wide.length, domain, x) }
}

interface KernelList {
  mus: Float64Array
  sigmas: Float64Array
  /** wᵢ over the kernel's mass in the domain. */
  scales: Float64Array
  length: number
}

function emptyList(capacity: number): KernelList {
  const array = () => new Float64Array(capacity)
  return { mus: array(), sigmas: array(), scales: array(), length: 0 }
}

/** Equal kernels in a row become one. */
function addKernel(list: KernelList, mu: number, sigma: number, scale: number): void {
  const last = list.length - 1
  if (last >= 0 && list.mus[last] === mu && list.sigmas[last] === sigma) {
    list.scales[last] = (list.scales[last] as number) + scale
    return
  }
  list.mus[list.length] = mu
  list.sigmas[list.length] = sigma
  list.scales[list.length++] = scale
}

/** The sum of kernels start to end − 1 at x: densities, or masses on a step. */
function sumKernels(
  { mus, sigmas, scales }: KernelList,
  start: number,
  end: number,
  { step, low, high }: Domain,
  x: number,
): number {
  let sum = 0
  if (step === null) {
    for (let i = start; i < end; i++) {
      const sigma = sigmas[i] as number
      const z = (x - (mus[i] as number)) / sigma
      sum += ((scales[i] as number) / sigma) * Math.exp(-0.5 * z * z)
    }
    return sum / Math.sqrt(2 * Math.PI)
  }
  const from = Math.max(x - 0.5 * step, low)
  const to = Math.min(x + 0.5 * step, high)
  for (let i = start; i < end; i++) {
    const sigma = sigmas[i] as number
    const mu = mus[i] as number
    sum += (scales[i] as number) * normalMass((from - mu) / sigma, (to - mu) / sigma)
  }
  return sum
}

/** Mass of a kernel in its domain, where μ lies: 1 but for rounding where both ends are 8.3 σ away. */
export function massInside(mu: number, sigma: number, { low, high }: Domain): number {
  const below = (mu - low) / sigma
  const above = (high - mu) / sigma
  return 1 - (below > 8.3 ? 0 : normalCdf(-below)) - (above > 8.3 ? 0 : normalCdf(-above))
}

/** Kernels of one σ by rising μ, in boxes. */
class Boxes {
  readonly #list: KernelList
  readonly #domain: Domain
  readonly #sigma: number
  /** Box b has the kernels starts[b] to starts[b + 1] − 1. */
  readonly #starts: Int32Array
  /** Made when they are first met. */
  readonly #series: (Float64Array | undefined)[] = []

  constructor(list: KernelList, domain: Domain, sigma: number) {
    this.#list = list
    this.#domain = domain
    this.#sigma = sigma
    this.#starts = new Int32Array(this.#boxOf(domain.high) + 2)
    for (let i = 0; i < list.length; i++) {
      const after = this.#boxOf(list.mus[i] as number) + 1
      this.#starts[after] = (this.#starts[after] as number) + 1
    }
    for (let b = 1; b < this.#starts.length; b++) {
      this.#starts[b] = (this.#starts[b] as number) + (this.#starts[b - 1] as number)
    }
  }

  densityAt(x: number): number {
    const reach = REACH * this.#sigma + 0.5 * (this.#domain.step ?? 0)
    const first = Math.max(0, this.#boxOf(x - reach))
    const last = Math.min(this.#starts.length - 2, this.#boxOf(x + reach))
    let sum = 0
    for (let b = first; b <= last; b++) {
      const [start, end] = [this.#starts[b] as number, this.#starts[b + 1] as number]
      if (end - start > TERMS && this.#domain.step === null) sum += this.#seriesAt(x, b)
      else if (end > start) sum += sumKernels(this.#list, start, end, this.#domain, x)
    }
    return sum
  }

  #boxOf(x: number): number {
    return Math.floor((x - this.#domain.low) / (BOX * this.#sigma))
  }

  #seriesAt(x: number, b: number): number {
    const centre = this.#centreOf(b)
    const series = (this.#series[b] ??= this.#seriesOf(b, centre))
    const y = (x - centre) / this.#sigma
    let sum = 0
    for (let k = TERMS - 1; k >= 0; k--) sum = sum * y + (series[k] as number)
    return sum * Math.exp(-0.5 * y * y)
  }

  #centreOf(b: number): number {
    return this.#domain.low + (b + 0.5) * BOX * this.#sigma
  }

  /** The coefficients of yᵏ. */
  #seriesOf(b: number, centre: number): Float64Array {
    const { mus, scales } = this.#list
    const series = new Float64Array(TERMS)
    for (let i = this.#starts[b] as number; i < (this.#starts[b + 1] as number); i++) {
      const u = ((mus[i] as number) - centre) / this.#sigma
      let term = (scales[i] as number) * Math.exp(-0.5 * u * u)
      for (let k = 0; k < TERMS; k++) {
        series[k] = (series[k] as number) + term
        term *= u
      }
    }
    let factor = 1 / (this.#sigma * Math.sqrt(2 * Math.PI))
    for (let k = 0; k < TERMS; k++) {
      series[k] = (series[k] as number) * factor
      factor /= k + 1
    }
    return series
  }
}
