import { kernelBySize } from './lime.ts'
import { complement, drawHalf, drawSubset, emptyMasks, type Masks, showAll } from './masks.ts'
import { sum } from './ridge.ts'

export interface PairSampler {
  /** Samples 0 and 1 show everything and nothing; each further pair is a random mask and its complement. */
  masks(samples: number, seed: number): Masks
  /** What samples with k segments shown count, k = 0 … d. */
  weights: Float64Array
}

/**
 * How antithetic pairs are drawn: each mask with its complement, so that what two segments do together cancels. `uniform` draws
 * every mask alike, for the kernel to weigh; `kernel` draws by it, as GLIME (Tan, Tian and Li, NeurIPS 2023), and pairs count
 * nearly alike.
 */
export function pairSampler(features: number, sampling: 'uniform' | 'kernel', kernelWidth: number): PairSampler {
  const kernel = kernelBySize(features, kernelWidth)
  const pairs = (draw: (masks: Masks, sample: number, seed: number) => void) => (samples: number, seed: number) => {
    const masks = emptyMasks(samples, features)
    showAll(masks, 0)
    for (let sample = 2; sample < samples; sample += 2) {
      draw(masks, sample, seed)
      complement(masks, sample, sample + 1)
    }
    return masks
  }
  if (sampling === 'uniform') return { masks: pairs((m, s, seed) => drawHalf(m, s, seed, s)), weights: kernel }
  // A size k is drawn by C(d, k) · kernel. A pair has the sizes k and d − k, so that it is drawn by the mean of both chances, and
  // each of the two counts by its share of that; the whole keeps the kernel's mean weight. 2^−d would underflow at 1075.
  let logChoose = -features * Math.LN2
  const mass = kernel.map((weight, k) => {
    const chance = Math.exp(logChoose) * weight
    logChoose += Math.log((features - k) / (k + 1))
    return chance
  })
  const mean = sum(mass)
  const sizes = mass.map((chance, k) => (chance + (mass[features - k] as number)) / (2 * mean))
  const weights = kernel.map((weight, k) => (2 * mean * weight) / (weight + (kernel[features - k] as number)))
  return { masks: pairs((m, s, seed) => drawSubset(m, s, sizes, seed, s)), weights }
}
