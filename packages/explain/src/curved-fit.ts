/**
 * LIME's weights by way of a curved surrogate (a control variate). Ridge fits of all classes' log-probabilities give a softmax
 * that bends as the model does. LIME's fit of that is worked out on thousands of reference masks that cost no picture,
 * and the model's own pictures only correct it: so the bend, known beforehand, is no noise any more.
 */

import { type BootstrapSettings, bootstrap } from './bootstrap.ts'
import type { Explanation } from './explanation.ts'
import { column } from './lime.ts'
import { type Masks, masksAsMatrix, shownCounts } from './masks.ts'
import { dot, predictions, type Ridge, residualsOf, ridge, sum } from './ridge.ts'

/** Classes that the curved surrogate tells apart; the rest count as one. */
const SURROGATE_CLASSES = 16
/** Below this a probability counts as this: f32 has no digits for its logarithm. */
const LEAST_PROBABILITY = 1e-6

export interface CurvedFitSettings extends BootstrapSettings {
  /** The penalty of LIME with `samples` samples: a fit to fewer, or to more, has its share of it. */
  alpha: number
  samples: number
}

/** Masks as a regression sees them. */
export interface Design {
  x: Float64Array
  features: number
  weights: Float64Array
  ridge: Ridge
}

/** The penalty is that of LIME with `samples` samples, whatever number there is here. */
export function designOf(masks: Masks, bySize: Float64Array, { alpha, samples }: CurvedFitSettings): Design {
  const x = masksAsMatrix(masks)
  const weights = Float64Array.from(shownCounts(masks), (k) => bySize[k] as number)
  const penalty = (alpha * masks.samples) / samples
  return { x, features: masks.features, weights, ridge: ridge(x, masks.features, weights, penalty) }
}

/** Explains labels from masks and their probabilities [samples, classes]. */
export function curvedFit(
  masks: Masks,
  bySize: Float64Array,
  reference: Design,
  rows: Float64Array,
  settings: CurvedFitSettings,
): (label: number, intervals: boolean) => Explanation {
  const design = designOf(masks, bySize, settings)
  return (label, intervals) => {
    const y = column(rows, masks.samples, label)
    const curved = curvedSurrogate(design, rows, label)
    const here = curved(design)
    const share = controlShare(design, y, here)
    const uncurved = y.map((p, s) => p - share * (here[s] as number))
    const correction = design.ridge.fit(uncurved)
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
    const { x, ridge, weights: rowWeights } = design
    const residuals = residualsOf(design, uncurved, correction)
    // A pair is drawn as one.
    const fitted = { weights, x, means: ridge.means, rowWeights, residuals, group: 2, solve: ridge.solve }
    const pull = correction.coefficients.map((w) => (-settings.alpha * masks.samples * w) / settings.samples)
    return { ...explanation, interval: bootstrap({ ...fitted, pull }, settings) }
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

function r2Of(design: Design, y: Float64Array, coefficients: Float64Array, intercept: number): number {
  const mean = dot(design.weights, y) / sum(design.weights)
  const residuals = residualsOf(design, y, { coefficients, intercept })
  const weighted = (values: Float64Array): number =>
    values.reduce((total, v, s) => total + (design.weights[s] as number) * v * v, 0)
  const total = weighted(y.map((p) => p - mean))
  return total > 0 ? 1 - weighted(residuals) / total : 1
}
