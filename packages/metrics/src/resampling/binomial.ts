import type { RandomStream } from './random.ts'

/** How many of `n` trials succeed that each do with probability `p`. */
export function binomial(random: RandomStream, n: number, p: number): number {
  if (n === 0 || p <= 0) return 0
  if (p >= 1) return n
  if (p > 0.5) return n - binomial(random, n, 1 - p)
  return n * p < 10 ? byInversion(random, n, p) : byRejection(random, n, p)
}

/** Adds up probabilities from 0 until they pass a uniform number: n·p steps in the mean. */
function byInversion(random: RandomStream, n: number, p: number): number {
  const odds = p / (1 - p)
  let probability = Math.exp(n * Math.log1p(-p))
  let rest = random.uniform()
  for (let k = 0; k < n; k++) {
    if (rest <= probability) return k
    rest -= probability
    probability *= ((n - k) / (k + 1)) * odds
  }
  return n
}

/**
 * BTRS: transformed rejection with squeeze, 1.15 trials in the mean whatever n·p ≥ 10 (Hörmann: "The generation of binomial random
 * variates", Journal of Statistical Computation and Simulation 46, 1993).
 */
function byRejection(random: RandomStream, n: number, p: number): number {
  const spread = Math.sqrt(n * p * (1 - p))
  const b = 1.15 + 2.53 * spread
  const a = -0.0873 + 0.0248 * b + 0.01 * p
  const centre = n * p + 0.5
  const alpha = (2.83 + 5.1 / b) * spread
  const inside = 0.92 - 4.2 / b
  const mode = Math.floor((n + 1) * p)
  const logOdds = Math.log(p / (1 - p))
  for (;;) {
    const u = random.uniform() - 0.5
    const v = random.uniform()
    const us = 0.5 - Math.abs(u)
    const k = Math.floor(((2 * a) / us + b) * u + centre)
    if (us >= 0.07 && v <= inside) return k
    if (k < 0 || k > n) continue
    const bound = Math.log((v * alpha) / (a / (us * us) + b))
    const ratio =
      logFactorial(mode) + logFactorial(n - mode) - logFactorial(k) - logFactorial(n - k) + (k - mode) * logOdds
    if (bound <= ratio) return k
  }
}

const small = Float64Array.of(
  0,
  0,
  Math.log(2),
  Math.log(6),
  Math.log(24),
  Math.log(120),
  Math.log(720),
  Math.log(5040),
)

/** ln n!: Stirling's series, exact to 1e-12 from 8 on. */
export function logFactorial(n: number): number {
  if (n < small.length) return small[n] as number
  const x = n + 1
  const r = 1 / (x * x)
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / x
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series
}
