import { bootstrap, checkConfidence, defaultReplicates } from './bootstrap.ts'
import { classified, hiddenImage, labelsToExplain, type MaskedClassifier, sceneOf } from './classifier.ts'
import { checkCount, ExplainInputError } from './errors.ts'
import { type ExplainedImage, type Explanation, ranked } from './explanation.ts'
import { drawHalf, emptyMasks, type Masks, masksAsMatrix, showAll, shownCounts } from './masks.ts'
import type { Pixels, Rgb } from './pixels.ts'
import { residualsOf, ridge } from './ridge.ts'
import { quickshift } from './segments/quickshift.ts'
import type { Segments } from './segments/segments.ts'

export interface ExplainOptions {
  /** What can be hidden; by default quickshift's superpixels with LIME's parameters and this seed. */
  segments?: Segments
  /** The colour of hidden segments; by default each one's mean. */
  hideColour?: Rgb
  /** Classes to explain; by default the likeliest `topLabels`. */
  labels?: readonly number[]
  topLabels?: number
  /** Pictures that the model classifies, the whole one among them. */
  samples?: number
  seed?: number
}

export interface LimeFitOptions {
  /** Samples are weighted √exp(−D² / kernelWidth²) at a cosine distance of D from the whole picture. */
  kernelWidth?: number
  /** The ridge's penalty. */
  alpha?: number
  /** How many segments may have a weight; by default all. Up to 6 are chosen one by one, more by their weights. */
  features?: number
  /** How sure intervals of the weights are to be, from a bootstrap over samples; left out, there are none. */
  confidence?: number
}

/**
 * LIME for pictures (Ribeiro, Singh and Guestrin, "Why should I trust you?", KDD 2016) as the authors' package does it:
 * random halves of the superpixels are shown, and a ridge regression, weighted towards samples near the whole picture,
 * says what each superpixel adds.
 */
export async function lime(
  classifier: MaskedClassifier,
  image: Pixels,
  options: ExplainOptions & LimeFitOptions = {},
): Promise<ExplainedImage> {
  const { samples = 1000, seed = 0 } = options
  checkCount(samples, 2, 'samples')
  const { segments = quickshift(image, { seed }) } = options
  const scene = sceneOf(image, segments, hiddenImage(image, segments, options.hideColour))
  const masks = emptyMasks(samples, segments.count)
  showAll(masks, 0)
  for (let sample = 1; sample < samples; sample++) drawHalf(masks, sample, seed, sample)
  const rows = await classified(classifier, scene, masks)
  const probabilities = rows.slice(0, classifier.classes)
  const labels = labelsToExplain(probabilities, options)
  return { segments, probabilities, explanations: fitLime(masks, rows, labels, options), samples }
}

/**
 * LIME's weights for masks whose probabilities [samples, classes] are known. Sample weights are the kernel's unless given.
 * One factorisation serves all labels, unless each chooses its own features.
 */
export function fitLime(
  masks: Masks,
  probabilities: Float64Array,
  labels: readonly number[],
  options: LimeFitOptions & { sampleWeights?: Float64Array; seed?: number } = {},
): Explanation[] {
  const { alpha = 1, kernelWidth = 0.25, features = masks.features, confidence, seed = 0 } = options
  if (confidence !== undefined) checkConfidence(confidence)
  checkCount(features, 1, 'features')
  if (!(alpha >= 0)) throw new ExplainInputError(`alpha is ${alpha}: it must not be negative`)
  const weights = options.sampleWeights ?? kernelWeights(masks, kernelWidth)
  const x = masksAsMatrix(masks)
  const all = Array.from({ length: masks.features }, (_, f) => f)
  const chooses = features < masks.features
  const whole = chooses ? undefined : ridge(x, masks.features, weights, alpha)
  const forSelection = chooses && features > 6 ? ridge(x, masks.features, weights, 0.01) : undefined
  return labels.map((label) => {
    const y = column(probabilities, masks.samples, label)
    let chosen = all
    if (forSelection !== undefined) chosen = ranked(forSelection.fit(y).coefficients).slice(0, features)
    else if (chooses) chosen = forwardSelection(x, masks.features, y, weights, features)
    const columns = whole ? x : columnsOf(x, masks.features, chosen)
    const design = whole ?? ridge(columns, chosen.length, weights, alpha)
    const model = design.fit(y)
    const { coefficients, intercept, r2 } = model
    const localPrediction = coefficients.reduce((a, b) => a + b, intercept)
    const dense = (values: Float64Array) => spread(values, chosen, masks.features)
    const explanation = { label, weights: dense(coefficients), intercept, r2, localPrediction }
    if (confidence === undefined) return explanation
    const residuals = residualsOf({ x: columns, features: chosen.length }, y, model)
    const fitted = { weights: coefficients, x: columns, means: design.means, rowWeights: weights, residuals }
    const pull = coefficients.map((w) => -alpha * w)
    const settings = { confidence, seed, replicates: defaultReplicates }
    const { low, high } = bootstrap({ ...fitted, group: 1, pull, solve: design.solve }, settings)
    return { ...explanation, interval: { low: dense(low), high: dense(high) } }
  })
}

/** Values of the chosen features among `count`, 0 elsewhere. */
function spread(values: Float64Array, chosen: readonly number[], count: number): Float64Array {
  const dense = new Float64Array(count)
  chosen.forEach((f, i) => {
    dense[f] = values[i] as number
  })
  return dense
}

/** √exp(−D²/width²) with D = 1 − √(k/d): the cosine distance of a mask that shows k of d segments from one that shows all. */
export function kernelWeights(masks: Masks, width: number): Float64Array {
  const bySize = kernelBySize(masks.features, width)
  return Float64Array.from(shownCounts(masks), (k) => bySize[k] as number)
}

/** That kernel for k = 0 … d. */
export function kernelBySize(features: number, width: number): Float64Array {
  if (!(width > 0)) throw new ExplainInputError(`kernelWidth is ${width}: it must be greater than 0`)
  return Float64Array.from({ length: features + 1 }, (_, k) => {
    const distance = 1 - Math.sqrt(k / features)
    return Math.sqrt(Math.exp(-(distance ** 2) / width ** 2))
  })
}

/** One column of [rows, n]. */
export function column(values: Float64Array, rows: number, index: number): Float64Array {
  const n = values.length / rows
  return Float64Array.from({ length: rows }, (_, i) => values[i * n + index] as number)
}

function columnsOf(x: Float64Array, columns: number, chosen: readonly number[]): Float64Array {
  const rows = x.length / columns
  const part = new Float64Array(rows * chosen.length)
  for (let i = 0; i < rows; i++) {
    chosen.forEach((f, j) => {
      part[i * chosen.length + j] = x[i * columns + f] as number
    })
  }
  return part
}

/** Features one by one, each the one that raises R² of the unpenalised fit most; of equals the first. */
function forwardSelection(
  x: Float64Array,
  columns: number,
  y: Float64Array,
  weights: Float64Array,
  count: number,
): number[] {
  const chosen: number[] = []
  while (chosen.length < count) {
    let [best, bestScore] = [-1, -Infinity]
    for (let f = 0; f < columns; f++) {
      if (chosen.includes(f)) continue
      const candidate = [...chosen, f]
      const { r2 } = ridge(columnsOf(x, columns, candidate), candidate.length, weights, 0).fit(y)
      if (r2 > bestScore) [best, bestScore] = [f, r2]
    }
    chosen.push(best)
  }
  return chosen
}
