import { describe, expect, test } from 'vitest'
import { kernelShap } from './kernel-shap.ts'
import { maskFunction, noise, row } from './testing/synthetic.ts'

/** Shapley values by their definition: the mean of what a segment adds, over all orders. */
function shapley(features: number, value: (shown: boolean[]) => number): number[] {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1))
  return Array.from({ length: features }, (_, f) => {
    let total = 0
    for (let subset = 0; subset < 2 ** features; subset++) {
      const shown = Array.from({ length: features }, (_, g) => ((subset >> g) & 1) === 1)
      if (shown[f]) continue
      const size = shown.filter(Boolean).length
      const weight = (factorial(size) * factorial(features - size - 1)) / factorial(features)
      const with_ = shown.map((s, g) => s || g === f)
      total += weight * (value(with_) - value(shown))
    }
    return total
  })
}

/** A game of single, double and triple effects. */
function game(features: number, seed: number): (shown: boolean[]) => number {
  const weights = noise(seed, 3 * features)
  return (shown) => {
    let value = 0.5
    for (let f = 0; f < features; f++) {
      const [g, h] = [(f + 1) % features, (f + 3) % features]
      if (shown[f]) value += 0.05 * (weights[f] as number)
      if (shown[f] && shown[g]) value += 0.04 * (weights[features + f] as number)
      if (shown[f] && shown[g] && shown[h]) value += 0.03 * (weights[2 * features + f] as number)
    }
    return value
  }
}

const greatestError = (a: ArrayLike<number>, b: readonly number[]): number =>
  Math.max(...b.map((value, f) => Math.abs(value - (a[f] as number))))

describe('KernelSHAP', () => {
  test.each([2, 3, 5, 8])(
    'gives the Shapley values themselves where all subsets of %i segments are seen',
    async (d) => {
      const value = game(d, d)
      const { image, segments } = row(d)
      const { explanations, samples } = await kernelShap(maskFunction(value), image, { segments, labels: [0] })
      expect(samples).toBe(2 ** d)
      expect(greatestError(explanations[0]?.weights ?? [], shapley(d, value))).toBeLessThan(1e-10)
    },
  )

  test('gives the whole difference to the only segment', async () => {
    const { image, segments } = row(1)
    const { explanations } = await kernelShap(
      maskFunction(([shown]) => (shown ? 0.9 : 0.2)),
      image,
      { segments, labels: [0] },
    )
    expect(explanations[0]?.weights[0]).toBeCloseTo(0.7, 12)
  })

  test('comes near them from a fraction of the subsets, and always sums up to the probability', async () => {
    const value = game(12, 5)
    const truth = shapley(12, value)
    const { image, segments } = row(12)
    const run = (samples: number) => kernelShap(maskFunction(value), image, { segments, labels: [0], samples, seed: 4 })
    const { explanations, probabilities } = await run(1000)
    const { weights, intercept } = explanations[0] ?? { weights: new Float64Array(), intercept: 0 }
    expect(weights.reduce((a, b) => a + b, intercept)).toBeCloseTo(probabilities[0] as number, 10)
    const largest = Math.max(...truth.map(Math.abs))
    expect(greatestError(weights, truth)).toBeLessThan(0.1 * largest)
    // With 4096 samples all subsets are seen, and no error is left.
    expect(greatestError((await run(4096)).explanations[0]?.weights ?? [], truth)).toBeLessThan(1e-10)
  })
  test('has intervals that hold the values about as often as they claim, and none where all subsets are seen', async () => {
    const value = game(12, 5)
    const truth = shapley(12, value)
    const { image, segments } = row(12)
    const run = async (samples: number, seed: number) => {
      const options = { segments, labels: [0], samples, seed, confidence: 0.95 }
      return (await kernelShap(maskFunction(value), image, options)).explanations[0]
    }
    let [held, all] = [0, 0]
    for (let seed = 1; seed <= 12; seed++) {
      const { low = [], high = [] } = (await run(400, seed))?.interval ?? {}
      truth.forEach((w, f) => {
        if (w >= (low[f] as number) && w <= (high[f] as number)) held++
        all++
      })
    }
    expect(held / all).toBeGreaterThan(0.85)
    expect(held / all).toBeLessThan(0.999)
    const exact = await run(4096, 1)
    expect(exact?.interval).toEqual({ low: exact?.weights, high: exact?.weights })
  })
})
