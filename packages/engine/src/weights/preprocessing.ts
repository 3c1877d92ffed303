/**
 * How images became input when weights were trained: part of the weights, without which they mean something else. Kept as
 * strings in a safetensors file's metadata.
 */
import { imagenetPreprocessing, type Preprocessing } from '../nn/resnet.ts'
import { refusal } from './byte-source.ts'

export interface WeightsPreprocessing extends Preprocessing {
  /** Side of the square input, in pixels. */
  size: number
  /** Share of the resized image's shorter side that the centre crop keeps: 1 crops to the square and no further. */
  crop: number
  interpolation: 'bilinear' | 'bicubic'
}

/** Of weights that say nothing. */
export const defaultPreprocessing: WeightsPreprocessing = {
  ...imagenetPreprocessing,
  size: 224,
  crop: 1,
  interpolation: 'bilinear',
}

export function preprocessingMetadata(preprocessing: WeightsPreprocessing): Record<string, string> {
  const { mean, std, size, crop, interpolation } = preprocessing
  return {
    size: String(size),
    crop: String(crop),
    interpolation,
    mean: JSON.stringify(mean),
    std: JSON.stringify(std),
  }
}

/** What the metadata say, the default for what they do not. Throws BAD_WEIGHTS where they say what cannot be. */
export function readPreprocessing(metadata: Readonly<Record<string, string>>, file: string): WeightsPreprocessing {
  const refuse = refusal(file, 'weights file')
  const read = <K extends keyof WeightsPreprocessing>(
    key: K,
    isValid: (value: unknown) => boolean,
    allowed: string,
  ): WeightsPreprocessing[K] => {
    const text = metadata[key]
    if (text === undefined) return defaultPreprocessing[key]
    const value = key === 'interpolation' ? text : parse(text)
    return isValid(value)
      ? (value as WeightsPreprocessing[K])
      : refuse(`its ${key} must be ${allowed}, not ${text.slice(0, 80)}`)
  }
  return {
    mean: read('mean', isTriple, 'three numbers'),
    std: read('std', (value) => isTriple(value) && value.every((n) => n > 0), 'three numbers above 0'),
    size: read('size', (value) => Number.isInteger(value) && (value as number) > 0, 'a number of pixels'),
    crop: read('crop', (value) => typeof value === 'number' && value > 0 && value <= 1, 'a share up to 1'),
    interpolation: read('interpolation', (value) => value === 'bilinear' || value === 'bicubic', 'bilinear or bicubic'),
  }
}

const isTriple = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length === 3 && value.every((n) => typeof n === 'number' && Number.isFinite(n))

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
