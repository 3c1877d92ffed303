/** The normal distribution, to the last digits of an f64. */

/** Complementary error function 2/√π ∫ₓ^∞ exp(−t²) dt, with small relative error in the far tail too. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x)
  return x < 1 ? 1 - erfSeries(x) : erfcFraction(x)
}

/** erf(x) = 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!: all terms positive, so that nothing cancels. */
function erfSeries(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

/** exp(−x²)/√π / (x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …)))), from the inside out: 300 levels are enough from x = 1 on. */
function erfcFraction(x: number): number {
  let fraction = x
  for (let n = 300; n > 0; n--) fraction = x + n / 2 / fraction
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction
}

/** Φ(z): the probability of a standard normal number below z. */
export function normalCdf(z: number): number {
  return erfc(-z / Math.SQRT2) / 2
}

/**
 * Φ⁻¹(p), by Newton's method from a rough start (Abramowitz and Stegun 26.2.23, error below 4.5e-4), in log Φ for the tails' sake.
 * −∞ for 0 and ∞ for 1.
 */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p)
  if (p <= 0) return p === 0 ? -Infinity : Number.NaN
  const t = Math.sqrt(-2 * Math.log(p))
  let z = (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t
  for (let i = 0; i < 4; i++) {
    const cdf = normalCdf(z)
    const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)
    z -= (Math.log(cdf / p) * cdf) / density
  }
  return z
}
