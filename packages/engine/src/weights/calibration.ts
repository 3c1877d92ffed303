/** What a validation set said of a model: kept in its file's metadata, as one JSON text. */
import { refusal } from './byte-source.ts'

export interface CalibrationFigures {
  /** Images of the set. */
  images: number
  /** What logits are divided by (Guo et al., 2017): then the model is as often right as it says. */
  temperature: number
  /** Mean negative log likelihood of the set, in nats, before and after. */
  before: number
  after: number
  /** 95 % of the set are at most so far from their nearest class. */
  distance95: number
}

/** An image is far from a class by 1 − cos of its features and the class's direction: infer/distance.ts. */
export interface Calibration extends CalibrationFigures {
  /** A byte for each feature of each class, [classes, featureCount]: of a direction only the ratios count. */
  directions: Int8Array
}

const key = 'calibration'

export function calibrationMetadata({ directions, ...figures }: Calibration): Record<string, string> {
  const text = Array.from(new Uint8Array(directions.buffer, directions.byteOffset, directions.length), (byte) =>
    String.fromCharCode(byte),
  ).join('')
  return { [key]: JSON.stringify({ ...figures, directions: btoa(text) }) }
}

/** What the metadata say of a model of so many numbers a direction, null where nothing. Throws BAD_WEIGHTS where it cannot be. */
export function readCalibration(
  metadata: Readonly<Record<string, string>>,
  file: string,
  { classes, features }: { classes: number; features: number },
): Calibration | null {
  const text = metadata[key]
  if (text === undefined) return null
  try {
    const { images, temperature, before, after, distance95, directions: encoded } = JSON.parse(text)
    const directions = Int8Array.from(atob(encoded), (letter) => letter.charCodeAt(0))
    const sound = [images, temperature, before, after, distance95].every(Number.isFinite) && temperature > 0
    if (sound && directions.length === classes * features) {
      return { images, temperature, before, after, distance95, directions }
    }
  } catch {
    // Refused below, as any other text.
  }
  return refusal(file, 'model')('its calibration is damaged: calibrate it again')
}

/** What there is to say of it without its tensor. */
export function figuresOf({ directions, ...figures }: Calibration): CalibrationFigures {
  return figures
}
