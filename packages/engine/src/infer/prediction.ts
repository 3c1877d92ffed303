/** What a network says of images, made of its logits: plain data, and no device needed. */
import { argmax, type Logits, softmax } from '@sporeprint/metrics'
import { EngineError } from '../errors.ts'
import type { Calibration } from '../weights/calibration.ts'
import { distancesTo } from './distance.ts'

export interface ClassProbability {
  class: string
  probability: number
}

export interface Prediction {
  /** The most probable class; null where its probability is below `abstain`. */
  label: string | null
  /** The probability of the most probable class, whether or not it became the label. */
  confidence: number
  /** By class, in the model's order: softmax(logits / temperature), or its mean over the versions of the image (TTA). */
  probabilities: Record<string, number>
  /** The `top` most probable classes, most probable first; of equals the first of the model comes first. */
  top: ClassProbability[]
  /** As the network gives them for the image as it is, in the order of the classes. */
  logits: number[]
  /** How unlike the images of its calibration this one is, from 0 to 1 (infer/distance.ts); null where the model has none. */
  distance: number | null
  /** Whether it is farther than 95 % of them are: then it may show none of the classes. */
  outlier: boolean | null
}

export interface PredictionOptions {
  /** Divides logits before softmax. Default: the calibration's, else 1. */
  temperature?: number | undefined
  /** Below this probability the network rather says nothing: `label` is null. Default 0, never. */
  abstain?: number | undefined
  /** How many classes `top` has; default 5, or as many as there are. */
  top?: number | undefined
}

/** Throws BAD_CONFIG, which names the option. */
export function checkPredictionOptions({ temperature = 1, abstain = 0, top = 5 }: PredictionOptions): void {
  const refuse = (what: string): never => {
    throw new EngineError('BAD_CONFIG', what)
  }
  if (!(temperature > 0 && Number.isFinite(temperature))) refuse(`temperature must be above 0, not ${temperature}`)
  if (!(abstain >= 0 && abstain <= 1)) refuse(`abstain must be a probability from 0 to 1, not ${abstain}`)
  if (!(Number.isInteger(top) && top >= 1)) refuse(`top must be a whole number of at least 1, not ${top}`)
}

/** What a network said of n images. */
interface Said {
  /** [n, K]. */
  logits: Logits
  /** [n, K]: what was averaged over versions of the images; else they follow from the logits. */
  probabilities?: ArrayLike<number>
  /** [n, featureCount]. */
  features: Float32Array
}

export function predictionsOf(
  classes: readonly string[],
  calibration: Calibration | null,
  said: Said,
  options: PredictionOptions = {},
): Prediction[] {
  const { abstain = 0, top = 5, temperature = calibration?.temperature ?? 1 } = options
  const { logits, features, probabilities = softmax(logits, classes.length, temperature) } = said
  const count = classes.length
  const images = logits.length / count
  const distances = calibration && distancesTo(calibration.directions, features, features.length / images)
  return Array.from({ length: images }, (_, i) => {
    const row = i * count
    const of = (k: number): number => probabilities[row + k] as number
    const best = argmax(probabilities, row, count)
    const order = [...classes.keys()].sort((a, b) => of(b) - of(a))
    const distance = distances?.[i] ?? null
    return {
      label: of(best) < abstain ? null : (classes[best] as string),
      confidence: of(best),
      probabilities: Object.fromEntries(classes.map((name, k) => [name, of(k)])),
      top: order.slice(0, top).map((k) => ({ class: classes[k] as string, probability: of(k) })),
      logits: Array.from({ length: count }, (_, k) => logits[row + k] as number),
      distance,
      outlier: calibration && distance !== null ? distance > calibration.distance95 : null,
    }
  })
}
