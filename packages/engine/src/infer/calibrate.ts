/** What a validation set says of a model: how sure it may be, and how far its own images are from their classes. */
import { fitTemperature } from '@sporeprint/metrics'
import { EngineError } from '../errors.ts'
import type { Calibration } from '../weights/calibration.ts'
import { directionsOf } from './distance.ts'
import type { Outputs } from './inference.ts'

interface LabelledOutputs extends Outputs {
  labels: ArrayLike<number>
}

/** Share of the set that is taken to be no outlier. */
const inside = 0.95

/**
 * From labels [n], logits [n, K] and features of images that the model was not trained on. Throws BAD_DATASET where there are too few
 * to say anything.
 */
export function calibrationOf({ labels, logits, features }: LabelledOutputs, classes: number): Calibration {
  const images = labels.length
  if (images < 2 * classes) {
    throw new EngineError(
      'BAD_DATASET',
      `${images} readable images are too few to calibrate ${classes} classes: at least ${2 * classes} are needed`,
    )
  }
  const { temperature, before, after } = fitTemperature(labels, logits, { classes })
  const { directions, distances } = directionsOf(features, labels, classes)
  const sorted = distances.toSorted()
  const distance95 = sorted[Math.ceil(inside * images) - 1] as number
  return { images, temperature, before, after, distance95, directions }
}
