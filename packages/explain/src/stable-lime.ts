/**
 * LIME with less noise from the same number of pictures. The weights that it looks for are LIME's own, those of infinitely
 * many samples; only how they are estimated differs:
 *
 * - Masks are drawn by LIME's kernel instead of being weighted by it (GLIME), in antithetic pairs, each with its complement:
 *   whatever two segments do together nearly cancels.
 * - A curved surrogate, the softmax of log-probabilities that are linear in the masks, stands in for the model on thousands of
 *   masks that cost no picture, and the model's own pictures only correct it (a control variate). So the bend of the
 *   softmax, known beforehand, is no noise any more.
 * - Sampling stops once both halves of the samples name the same top segments, twice in succession.
 * - A bootstrap over pairs gives every weight an interval.
 */

import { jaccard } from './agreement.ts'
import { classified, hiddenImage, labelsToExplain, type MaskedClassifier, sceneOf } from './classifier.ts'
import { checkCount, ExplainInputError } from './errors.ts'
import { type ExplainedImage, type Explanation, ranked } from './explanation.ts'
import { column, type ExplainOptions, kernelBySize, type LimeFitOptions } from './lime.ts'
import {
  complement,
  drawHalf,
  drawSubset,
  emptyMasks,
  type Masks,
  masksAsMatrix,
  showAll,
  shownCounts,
  sliceMasks,
} from './masks.ts'
import type { Pixels } from './pixels.ts'
import { Purpose, words } from './random.ts'
import { dot, type LinearModel, type Ridge, ridge, sum } from './ridge.ts'
import { quickshift } from './segments/quickshift.ts'

export interface StableLimeOptions extends ExplainOptions, Pick<LimeFitOptions, 'alpha' | 'kernelWidth'> {
  /** How masks are drawn: as GLIME by the kernel, then with nearly equal weights, or every mask alike, weighted by it. */
  sampling?: 'uniform' | 'kernel'
  /** Samples between two looks at whether that is enough. */
  block?: number
  /** How many segments the two halves must agree in, and how far (Jaccard). */
  top?: number
  agreement?: number
  /** Of the intervals: how sure, from how many resamplings. */
  confidence?: number
  replicates?: number
}

/** Masks that the curved surrogate is worked out on: fewer where their d² products would take seconds. */
const referenceSamples = (features: number): number =>
  Math.min(16_384, Math.max(2048, 2 * Math.floor(2 ** 27 / features ** 2)))
/** Classes that the curved surrogate tells apart; the rest count as one. */
const SURROGATE_CLASSES = 16
/** Below this a probability counts as this: f32 has no digits for its logarithm. */
const LEAST_PROBABILITY = 1e-6

/** The options whose defaults are filled in. */
type Settings = Required<Omit<StableLimeOptions, 'segments' | 'hideColour' | 'labels' | 'topLabels'>>

export async function stableLime(
  classifier: MaskedClassifier,
  image: Pixels,
  options: StableLimeOptions = {},
): Promise<ExplainedImage> {
  const settings = withDefaults(options)
  const { samples, block, seed } = settings
  const { segments = quickshift(image, { seed }) } = options
  const scene = sceneOf(image, segments, hiddenImage(image, segments, options.hideColour))
  const draw = sampler(segments.count, settings)
  const masks = draw.masks(samples, seed)
  // Pairs of other numbers under the same seed.
  const reference = designOf(
    draw.masks(referenceSamples(segments.count), (seed ^ 0x5bd1e995) >>> 0),
    draw.weights,
    settings,
  )

  const rows: number[] = []
  let labels: number[] = []
  let agreed = 0
  while (rows.length < samples * classifier.classes && agreed < 2) {
    const begin = rows.length / classifier.classes
    const part = sliceMasks(masks, begin, Math.min(begin + block, samples))
    for (const p of await classified(classifier, scene, part)) rows.push(p)
    if (begin === 0) labels = labelsToExplain(Float64Array.from(rows.slice(0, classifier.classes)), options)
    agreed = halvesAgree() ? agreed + 1 : 0
  }
  const probabilities = Float64Array.from(rows.slice(0, classifier.classes))
  const drawn = rows.length / classifier.classes
  const fit = fitter(sliceMasks(masks, 0, drawn), draw.weights, reference, Float64Array.from(rows), settings)
  return { segments, probabilities, explanations: labels.map((label) => fit(label, true)), samples: drawn }

  /** Whether the even and the odd pairs so far name the same top segments of the first label. */
  function halvesAgree(): boolean {
    const count = rows.length / classifier.classes
    const tops = [0, 1].map((half) => {
      const chosen = Array.from({ length: count }, (_, s) => s).filter((s) => (s >>> 1) % 2 === half)
      const some = emptyMasks(chosen.length, masks.features)
      const values = new Float64Array(chosen.length * classifier.classes)
      chosen.forEach((s, i) => {
        some.words.set(masks.words.subarray(s * masks.stride, (s + 1) * masks.stride), i * masks.stride)
        values.set(rows.slice(s * classifier.classes, (s + 1) * classifier.classes), i * classifier.classes)
      })
      const { weights } = fitter(some, draw.weights, reference, values, settings)(labels[0] as number, false)
      return ranked(weights).slice(0, settings.top)
    })
    return jaccard(tops[0] as number[], tops[1] as number[]) >= settings.agreement
  }
}

function withDefaults(options: StableLimeOptions): Settings {
  const settings: Settings = {
    samples: options.samples ?? 1000,
    seed: options.seed ?? 0,
    alpha: options.alpha ?? 1,
    kernelWidth: options.kernelWidth ?? 0.25,
    sampling: options.sampling ?? 'kernel',
    block: options.block ?? 200,
    top: options.top ?? 5,
    agreement: options.agreement ?? 0.9,
    confidence: options.confidence ?? 0.95,
    replicates: options.replicates ?? 200,
  }
  for (const name of ['samples', 'block'] as const) {
    checkCount(settings[name], 4, name)
    if (settings[name] % 2 !== 0) {
      throw new ExplainInputError(`${name} is ${settings[name]}: it must be even, since masks come in pairs`)
    }
  }
  checkCount(settings.top, 1, 'top')
  checkCount(settings.replicates, 1, 'replicates')
  if (!(settings.alpha > 0)) throw new ExplainInputError(`alpha is ${settings.alpha}: it must be greater than 0`)
  if (!(settings.confidence > 0 && settings.confidence < 1)) {
    throw new ExplainInputError(`confidence is ${settings.confidence}: it lies between 0 and 1`)
  }
  return settings
}

interface Sampler {
  /** Samples 0 and 1 show everything and nothing; each further pair is a random mask and its complement. */
  masks(samples: number, seed: number): Masks
  /** What samples with k segments shown count, k = 0 … d. */
  weights: Float64Array
}

function sampler(features: number, { sampling, kernelWidth }: Settings): Sampler {
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
  // GLIME (Tan, Tian and Li, NeurIPS 2023): sizes by C(d, k) · kernel. A pair has both sizes k and d − k, so that a pair is
  // drawn by the mean of their chances, and each of it counts by its own share; the whole keeps the kernel's mean weight.
  // C(d, k) / 2^d by logarithms: a thousand segments would underflow.
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

interface Design {
  x: Float64Array
  features: number
  weights: Float64Array
  ridge: Ridge
}

/** The penalty is that of LIME with `samples` samples, whatever number there is here. */
function designOf(masks: Masks, bySize: Float64Array, { alpha, samples }: Settings): Design {
  const x = masksAsMatrix(masks)
  const weights = Float64Array.from(shownCounts(masks), (k) => bySize[k] as number)
  const penalty = (alpha * masks.samples) / samples
  return { x, features: masks.features, weights, ridge: ridge(x, masks.features, weights, penalty) }
}

/** Explains labels from masks and their probabilities [samples, classes]. */
function fitter(
  masks: Masks,
  bySize: Float64Array,
  reference: Design,
  rows: Float64Array,
  settings: Settings,
): (label: number, intervals: boolean) => Explanation {
  const design = designOf(masks, bySize, settings)
  return (label, intervals) => {
    const y = column(rows, masks.samples, label)
    const curved = curvedSurrogate(design, rows, label)
    const here = curved(design)
    const share = controlShare(design, y, here)
    const correction = design.ridge.fit(y.map((p, s) => p - share * (here[s] as number)))
    const known = reference.ridge.fit(curved(reference))
    const weights = known.coefficients.map((w, f) => share * w + (correction.coefficients[f] as number))
    const intercept = share * known.intercept + correction.intercept
    const explanation: Explanation = {
      label,
      weights,
      intercept,
      r2: r2Of(design, y, weights, intercept),
      localPrediction: intercept + sum(weights),
    }
    if (!intervals) return explanation
    const residuals = residualsOf(
      design,
      y.map((p, s) => p - share * (here[s] as number)),
      correction,
    )
    return { ...explanation, interval: bootstrap(design, residuals, correction, weights, settings) }
  }
}

/** softmax of log-probabilities that are linear in the masks, as a function of designs: one class's probability. */
function curvedSurrogate(design: Design, rows: Float64Array, label: number): (of: Design) => Float64Array {
  const samples = design.weights.length
  const classes = rows.length / samples
  const likeliest = Array.from({ length: classes }, (_, k) => k)
    .map((k) => ({ k, mass: k === label ? Infinity : sum(column(rows, samples, k)) }))
    .sort((a, b) => b.mass - a.mass)
    .slice(0, SURROGATE_CLASSES)
    .map(({ k }) => column(rows, samples, k))
  const rest = Float64Array.from(
    { length: samples },
    (_, s) => 1 - likeliest.reduce((p, one) => p + (one[s] as number), 0),
  )
  const models = [...likeliest, ...(classes > likeliest.length ? [rest] : [])].map((p) =>
    design.ridge.fit(p.map((value) => Math.log(Math.max(value, LEAST_PROBABILITY)))),
  )
  return (of) => {
    const logits = models.map((model) => predictions(of, model))
    return (logits[0] as Float64Array).map((own, s) => {
      let total = 0
      for (const other of logits) total += Math.exp((other[s] as number) - own)
      return 1 / total
    })
  }
}

/**
 * How much of the curved surrogate to take off, so that least noise is left: the regression of the model's departures from
 * a linear fit on the surrogate's. What counts of a pair is the difference of its two, since their sum cancels.
 */
function controlShare(design: Design, y: Float64Array, curved: Float64Array): number {
  const [own, surrogate] = [y, curved].map((target) => residualsOf(design, target, design.ridge.fit(target)))
  let [product, square] = [0, 0]
  for (let s = 0; s + 1 < y.length; s += 2) {
    const difference = (e: Float64Array | undefined): number =>
      (design.weights[s] as number) * (e?.[s] as number) - (design.weights[s + 1] as number) * (e?.[s + 1] as number)
    product += difference(own) * difference(surrogate)
    square += difference(surrogate) ** 2
  }
  return square > 0 ? product / square : 0
}

function predictions({ x, features }: Design, { coefficients, intercept }: LinearModel): Float64Array {
  const predicted = new Float64Array(x.length / features)
  for (let s = 0, i = 0; s < predicted.length; s++) {
    let value = intercept
    for (let f = 0; f < features; f++, i++) value += (x[i] as number) * (coefficients[f] as number)
    predicted[s] = value
  }
  return predicted
}

function residualsOf(design: Design, y: Float64Array, model: LinearModel): Float64Array {
  const predicted = predictions(design, model)
  return y.map((value, s) => value - (predicted[s] as number))
}

function r2Of(design: Design, y: Float64Array, coefficients: Float64Array, intercept: number): number {
  const mean = dot(design.weights, y) / sum(design.weights)
  const residuals = residualsOf(design, y, { coefficients, intercept, r2: 0 })
  const weighted = (values: Float64Array): number =>
    values.reduce((total, v, s) => total + (design.weights[s] as number) * v * v, 0)
  const total = weighted(y.map((p) => p - mean))
  return total > 0 ? 1 - weighted(residuals) / total : 1
}

/**
 * Percentile intervals of the weights: pairs are drawn with replacement, and the fit takes one Newton step from the one
 * that is known, so that a resampling costs one product instead of a factorisation. Residuals are widened for the degrees of
 * freedom that the fit has used up.
 */
function bootstrap(
  design: Design,
  residuals: Float64Array,
  correction: LinearModel,
  weights: Float64Array,
  { seed, replicates, confidence, alpha, samples }: Settings,
): { low: Float64Array; high: Float64Array } {
  const { x, features } = design
  const count = residuals.length
  const pairs = count / 2
  const widen = count > 2 * features ? Math.sqrt(count / (count - features)) : Math.SQRT2
  const scores = new Float64Array(pairs * features)
  for (let s = 0; s < count; s++) {
    const pull = (design.weights[s] as number) * (residuals[s] as number) * widen
    const at = (s >>> 1) * features
    for (let f = 0; f < features; f++) {
      const centred = (x[s * features + f] as number) - (design.ridge.means[f] as number)
      scores[at + f] = (scores[at + f] as number) + pull * centred
    }
  }
  const penalty = (alpha * count) / samples
  const draws = Array.from({ length: features }, () => new Float64Array(replicates))
  for (let r = 0; r < replicates; r++) {
    const gradient = correction.coefficients.map((w) => -widen * penalty * w)
    for (let i = 0; i < pairs; i++) {
      const word = words(seed, Purpose.bootstrap, r, i >>> 2)[i & 3] as number
      const at = Math.floor((word / 2 ** 32) * pairs) * features
      for (let f = 0; f < features; f++) gradient[f] = (gradient[f] as number) + (scores[at + f] as number)
    }
    design.ridge.solve(gradient).forEach((step, f) => {
      ;(draws[f] as Float64Array)[r] = (weights[f] as number) + step
    })
  }
  const at = (share: number) =>
    Float64Array.from(draws, (values) => values.sort()[Math.round(share * (replicates - 1))] as number)
  return { low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) }
}
