import { type BootstrapSettings, bootstrap, checkConfidence, defaultReplicates } from './bootstrap.ts'
import { classified, hiddenImage, labelsToExplain, type MaskedClassifier, sceneOf } from './classifier.ts'
import { checkCount } from './errors.ts'
import type { ExplainedImage, Explanation } from './explanation.ts'
import { column, type ExplainOptions, type LimeFitOptions } from './lime.ts'
import {
  complement,
  drawSubset,
  emptyMasks,
  isShown,
  type Masks,
  masksAsMatrix,
  show,
  showAll,
  shownCounts,
} from './masks.ts'
import type { Pixels } from './pixels.ts'
import { cholesky, dot, residualsOf, solveCholesky, sum } from './ridge.ts'
import { quickshift } from './segments/quickshift.ts'

/**
 * KernelSHAP (Lundberg and Lee, "A unified approach to interpreting model predictions", NeurIPS 2017): Shapley values of the
 * segments, from 0 (everything hidden) to the model's probability, which they sum up to. Where all subsets are no more than
 * the samples, the values are exact; otherwise sizes are drawn by SHAP's kernel, each subset with its complement (Covert and
 * Lee, "Improving KernelSHAP", AISTATS 2021).
 */
export async function kernelShap(
  classifier: MaskedClassifier,
  image: Pixels,
  options: ExplainOptions & Pick<LimeFitOptions, 'confidence'> = {},
): Promise<ExplainedImage> {
  const { samples = 1000, seed = 0, confidence } = options
  checkCount(samples, 4, 'samples')
  if (confidence !== undefined) checkConfidence(confidence)
  const { segments = quickshift(image, { seed }) } = options
  const scene = sceneOf(image, segments, hiddenImage(image, segments, options.hideColour))
  const { masks, weights } = shapMasks(samples, segments.count, seed)
  const rows = await classified(classifier, scene, masks)
  const probabilities = rows.slice(0, classifier.classes)
  const intervals = confidence === undefined ? null : { confidence, seed, replicates: defaultReplicates }
  const explanations = fitShap(masks, weights, rows, labelsToExplain(probabilities, options), intervals)
  return { segments, probabilities, explanations, samples: masks.samples }
}

/**
 * The masks whose probabilities are asked for: everything, nothing, then subsets, with the weight of each in the regression
 * (the first two are met exactly, and have none).
 */
function shapMasks(samples: number, features: number, seed: number): { masks: Masks; weights: Float64Array } {
  const subsets = 2 ** features - 2
  if (subsets + 2 <= samples) {
    const masks = emptyMasks(subsets + 2, features)
    showAll(masks, 0)
    for (let subset = 1; subset <= subsets; subset++) {
      for (let f = 0; f < features; f++) if (Math.floor(subset / 2 ** f) % 2 === 1) show(masks, subset + 1, f)
    }
    const bySize = shapKernel(features)
    const weights = Float64Array.from(shownCounts(masks), (k) => bySize[k] as number)
    return { masks, weights }
  }
  const even = samples - (samples % 2)
  const masks = emptyMasks(even, features)
  showAll(masks, 0)
  const sizes = shapSizes(features)
  for (let sample = 2; sample < even; sample += 2) {
    drawSubset(masks, sample, sizes, seed, sample)
    complement(masks, sample, sample + 1)
  }
  return { masks, weights: new Float64Array(even).fill(1).fill(0, 0, 2) }
}

/** (d − 1) / (C(d, k) k (d − k)) for k = 0 … d, 0 at both ends. */
function shapKernel(features: number): Float64Array {
  const kernel = new Float64Array(features + 1)
  for (let k = 1, choose = features; k < features; choose *= (features - k) / (k + 1), k++) {
    kernel[k] = (features - 1) / (choose * k * (features - k))
  }
  return kernel
}

/** How likely a subset has k features: all of that size together, 1 / (k (d − k)), normalised. */
function shapSizes(features: number): Float64Array {
  const mass = Float64Array.from({ length: features + 1 }, (_, k) =>
    k === 0 || k === features ? 0 : 1 / (k * (features - k)),
  )
  const total = sum(mass)
  return mass.map((m) => m / total)
}

/**
 * min Σ w (f(z) − f(∅) − z·φ)² under Σφ = f(all) − f(∅), by a Lagrange multiplier on one factorisation for all labels.
 * Samples 0 and 1 show everything and nothing.
 */
function fitShap(
  masks: Masks,
  weights: Float64Array,
  rows: Float64Array,
  labels: readonly number[],
  intervals: BootstrapSettings | null,
): Explanation[] {
  const { features, samples } = masks
  const shown = Array.from({ length: samples }, (_, s) =>
    Array.from({ length: features }, (_, f) => f).filter((f) => isShown(masks, s, f)),
  )
  const gram = new Float64Array(features * features)
  shown.forEach((set, s) => {
    for (const i of set) {
      for (const j of set) gram[i * features + j] = (gram[i * features + j] as number) + (weights[s] as number)
    }
  })
  // One feature alone has no proper subset, and its value is the difference itself.
  if (features === 1) gram[0] = 1
  const factor = cholesky(gram, features)
  const ofOnes = solveCholesky(factor, features, new Float64Array(features).fill(1))
  // The share of a solution that the constraint takes back, so that its sum is `total`.
  const constrained = (free: Float64Array, total: number): Float64Array => {
    const excess = (sum(free) - total) / sum(ofOnes)
    return free.map((value, f) => value - excess * (ofOnes[f] as number))
  }
  // All subsets are no sample of anything.
  const exact = samples === 2 ** features
  const interval = (y: Float64Array, values: Float64Array): Explanation['interval'] => {
    if (intervals === null) return undefined
    if (exact) return { low: values.slice(), high: values.slice() }
    const x = masksAsMatrix(masks)
    const residuals = residualsOf({ x, features }, y, { coefficients: values, intercept: y[1] as number })
    const solve = (gradient: Float64Array) => constrained(solveCholesky(factor, features, gradient), 0)
    const still = new Float64Array(features)
    const fitted = { weights: values, x, means: still, rowWeights: weights, residuals, group: 2, pull: still, solve }
    return bootstrap(fitted, intervals)
  }
  return labels.map((label) => {
    const y = column(rows, samples, label)
    const [whole, none] = [y[0] as number, y[1] as number]
    const moments = new Float64Array(features)
    shown.forEach((set, s) => {
      for (const f of set) moments[f] = (moments[f] as number) + (weights[s] as number) * ((y[s] as number) - none)
    })
    const free = solveCholesky(factor, features, moments)
    const values = constrained(free, whole - none)
    const lies = interval(y, values)
    return {
      label,
      weights: values,
      intercept: none,
      r2: r2Of(shown, weights, y, values, none),
      localPrediction: whole,
      ...(lies && { interval: lies }),
    }
  })
}

function r2Of(
  shown: readonly number[][],
  weights: Float64Array,
  y: Float64Array,
  values: Float64Array,
  none: number,
): number {
  const mean = dot(weights, y) / sum(weights)
  let [residual, total] = [0, 0]
  shown.forEach((set, s) => {
    const predicted = set.reduce((value, f) => value + (values[f] as number), none)
    residual += (weights[s] as number) * ((y[s] as number) - predicted) ** 2
    total += (weights[s] as number) * ((y[s] as number) - mean) ** 2
  })
  return total > 0 ? 1 - residual / total : 1
}
