/**
 * LIME with less noise from the same number of pictures. The weights that it looks for are LIME's own, those of infinitely
 * many samples; only how they are estimated differs:
 *
 * - Masks come in antithetic pairs, drawn by LIME's kernel instead of being weighted by it (mask-pairs.ts).
 * - A curved surrogate takes the bend of the model's softmax out of the noise (curved-fit.ts).
 * - Sampling stops once both halves of the samples name the same top segments, twice in succession.
 * - A bootstrap over pairs gives every weight an interval.
 */

import { jaccard } from './agreement.ts'
import { checkConfidence, defaultReplicates } from './bootstrap.ts'
import { classified, hiddenImage, labelsToExplain, type MaskedClassifier, sceneOf } from './classifier.ts'
import { curvedFit, designOf } from './curved-fit.ts'
import { checkCount, ExplainInputError } from './errors.ts'
import { type ExplainedImage, ranked } from './explanation.ts'
import type { ExplainOptions, LimeFitOptions } from './lime.ts'
import { pairSampler } from './mask-pairs.ts'
import { emptyMasks, type Masks, sliceMasks } from './masks.ts'
import type { Pixels } from './pixels.ts'
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

/** The options whose defaults are filled in. */
type Settings = Required<Omit<StableLimeOptions, 'segments' | 'hideColour' | 'labels' | 'topLabels'>>

export async function stableLime(
  classifier: MaskedClassifier,
  image: Pixels,
  options: StableLimeOptions = {},
): Promise<ExplainedImage> {
  const settings = withDefaults(options)
  const { samples, block, seed, top, agreement } = settings
  const { segments = quickshift(image, { seed }) } = options
  const { classes } = classifier
  const scene = sceneOf(image, segments, hiddenImage(image, segments, options.hideColour))
  const { masks: draw, weights } = pairSampler(segments.count, settings.sampling, settings.kernelWidth)
  const masks = draw(samples, seed)
  // Masks of their own, not those that the model sees.
  const reference = designOf(draw(referenceSamples(segments.count), (seed ^ 0x5bd1e995) >>> 0), weights, settings)

  const rows = new Float64Array(samples * classes)
  let labels: number[] = []
  let drawn = 0
  for (let agreed = 0; drawn < samples && agreed < 2; ) {
    const part = sliceMasks(masks, drawn, Math.min(drawn + block, samples))
    rows.set(await classified(classifier, scene, part), drawn * classes)
    if (drawn === 0) labels = labelsToExplain(rows.slice(0, classes), options)
    drawn += part.samples
    const [even, odd] = [0, 1].map((half) => {
      const pairs = everyOtherPair(sliceMasks(masks, 0, drawn), rows.subarray(0, drawn * classes), half)
      const fit = curvedFit(pairs.masks, weights, reference, pairs.rows, settings)
      return ranked(fit(labels[0] as number, false).weights).slice(0, top)
    }) as [number[], number[]]
    agreed = jaccard(even, odd) >= agreement ? agreed + 1 : 0
  }
  const fit = curvedFit(sliceMasks(masks, 0, drawn), weights, reference, rows.subarray(0, drawn * classes), settings)
  const explanations = labels.map((label) => fit(label, true))
  return { segments, probabilities: rows.slice(0, classes), explanations, samples: drawn }
}

/** The even (half 0) or the odd (half 1) pairs of masks, and their probabilities. */
function everyOtherPair(masks: Masks, rows: Float64Array, half: number): { masks: Masks; rows: Float64Array } {
  const classes = rows.length / masks.samples
  const chosen = Array.from({ length: masks.samples }, (_, s) => s).filter((s) => (s >>> 1) % 2 === half)
  const part = { masks: emptyMasks(chosen.length, masks.features), rows: new Float64Array(chosen.length * classes) }
  chosen.forEach((s, i) => {
    part.masks.words.set(masks.words.subarray(s * masks.stride, (s + 1) * masks.stride), i * masks.stride)
    part.rows.set(rows.subarray(s * classes, (s + 1) * classes), i * classes)
  })
  return part
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
    replicates: options.replicates ?? defaultReplicates,
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
  checkConfidence(settings.confidence)
  return settings
}
