import { checkCount, checkLabel, ExplainInputError } from './errors.ts'
import { isShown, type Masks, sliceMasks } from './masks.ts'
import { blank, checkPixels, checkSameSize, copy, type Pixels, type Rgb } from './pixels.ts'
import { type Segments, segmentSizes } from './segments/segments.ts'

/** Any model that gives probabilities for pictures. */
export interface Classifier {
  readonly classes: number
  /** Probabilities [images, classes], row-major; the images are of one size, and theirs only during the call. */
  classify(images: readonly Pixels[]): Promise<ArrayLike<number>>
}

/** A picture whose segments can be hidden: a pixel is that of `image` where its segment is shown, else that of `hidden`. */
export interface Scene {
  readonly image: Pixels
  readonly hidden: Pixels
  readonly segments: Segments
}

/**
 * What every explanation asks of a model: probabilities [samples, classes] of one picture under many masks. Only the scene
 * and a few bits a sample go to it, so that a device can compose the pictures where it classifies them; it batches as it likes.
 */
export interface MaskedClassifier {
  readonly classes: number
  classifyMasked(scene: Scene, masks: Masks): Promise<ArrayLike<number>>
}

/** Lets any classifier of pictures be explained: composes the masked pictures here, `batch` at a time. */
export function maskOnCpu(classifier: Classifier, options: { batch?: number } = {}): MaskedClassifier {
  const { batch = 16 } = options
  checkCount(batch, 1, 'batch')
  const { classes } = classifier
  return {
    classes,
    async classifyMasked(scene, masks) {
      const probabilities = new Float64Array(masks.samples * classes)
      for (let begin = 0; begin < masks.samples; begin += batch) {
        const part = sliceMasks(masks, begin, Math.min(begin + batch, masks.samples))
        const images = Array.from({ length: part.samples }, (_, sample) => composed(scene, part, sample))
        const rows = await classifier.classify(images)
        checkProbabilities(rows, part.samples, classes)
        probabilities.set(rows, begin * classes)
      }
      return probabilities
    },
  }
}

/** The picture of a scene under one mask. */
export function composed(scene: Scene, masks: Masks, sample: number): Pixels {
  const { image, hidden, segments } = scene
  const picture = copy(image)
  const shown = Uint8Array.from({ length: segments.count }, (_, f) => (isShown(masks, sample, f) ? 1 : 0))
  segments.labels.forEach((label, p) => {
    if (shown[label] === 0) picture.data.set(hidden.data.subarray(4 * p, 4 * p + 4), 4 * p)
  })
  return picture
}

/**
 * What stands where a segment is hidden: one colour, or else each segment's mean colour, in whole bytes rounded down
 * as the original casts them.
 */
export function hiddenImage(image: Pixels, segments: Segments, colour?: Rgb): Pixels {
  if (colour !== undefined) return blank(image.width, image.height, colour)
  const sums = new Float64Array(3 * segments.count)
  const sizes = segmentSizes(segments)
  segments.labels.forEach((label, p) => {
    for (let c = 0; c < 3; c++) {
      sums[3 * label + c] = (sums[3 * label + c] as number) + (image.data[4 * p + c] as number)
    }
  })
  const hidden = copy(image)
  segments.labels.forEach((label, p) => {
    for (let c = 0; c < 3; c++) {
      hidden.data[4 * p + c] = Math.floor((sums[3 * label + c] as number) / (sizes[label] as number))
    }
  })
  return hidden
}

/** A scene, once its parts are known to fit together. */
export function sceneOf(image: Pixels, segments: Segments, hidden: Pixels): Scene {
  checkPixels(image)
  checkPixels(hidden)
  checkSameSize(image, hidden, 'The hidden image')
  checkSameSize(image, segments, 'The segmentation')
  return { image, hidden, segments }
}

/** The probabilities that a classifier gave, once they are known to be as many as they must be. */
export async function classified(classifier: MaskedClassifier, scene: Scene, masks: Masks): Promise<Float64Array> {
  const probabilities = await classifier.classifyMasked(scene, masks)
  checkProbabilities(probabilities, masks.samples, classifier.classes)
  return Float64Array.from(probabilities)
}

function checkProbabilities(probabilities: ArrayLike<number>, samples: number, classes: number): void {
  if (probabilities.length !== samples * classes) {
    throw new ExplainInputError(
      `The classifier gave ${probabilities.length} numbers: ${samples} pictures of ${classes} classes need ${samples * classes}`,
    )
  }
  for (let i = 0; i < probabilities.length; i++) {
    if (!Number.isFinite(probabilities[i])) {
      throw new ExplainInputError(
        `The classifier gave ${probabilities[i]} for class ${i % classes}: nothing follows from that`,
      )
    }
  }
}

/** Which classes to explain: those asked for, or the `count` likeliest, likeliest first. */
export function labelsToExplain(
  probabilities: Float64Array,
  options: { labels?: readonly number[]; topLabels?: number },
): number[] {
  const { labels, topLabels = 5 } = options
  const classes = probabilities.length
  if (labels !== undefined) {
    for (const label of labels) checkLabel(label, classes)
    return [...labels]
  }
  checkCount(topLabels, 1, 'topLabels')
  const all = Array.from({ length: classes }, (_, label) => label)
  return all.sort((a, b) => (probabilities[b] as number) - (probabilities[a] as number)).slice(0, topLabels)
}
