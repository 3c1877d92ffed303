/**
 * What may happen to a training image, as plain data: a number for each magnitude and one for each probability (…P), so that
 * every one of them can be set, compared and tuned by itself. What is drawn from it is in draw.ts.
 *
 * The transforms are those of fastai's aug_transforms and RandomErasing, torchvision's RandomResizedCrop, and a policy in the
 * manner of RandAugment (Cubuk et al., 2020). They apply in the order of the fields.
 */
import { EngineError } from '../errors.ts'

export interface Augmentation {
  /** A part of the image, stretched to the whole: its share of the area, and the ratio of its sides up to 1 : cropAspect. */
  cropP: number
  cropMin: number
  cropMax: number
  cropAspect: number
  /** Mirrored left to right. */
  flipP: number
  /** One of the eight symmetries of a square, each as likely, the identity among them. */
  dihedralP: number
  /** Turned by up to ± this, in degrees. */
  rotate: number
  rotateP: number
  /** Enlarged by a factor in between, about a random centre; below 1 the image shrinks and what is beside it is its reflection. */
  zoomMin: number
  zoomMax: number
  zoomP: number
  /** Seen from aside: a side becomes longer by up to this share, the one opposite shorter; each axis by itself. */
  warp: number
  warpP: number
  /** Operations drawn for each image out of `policyOperations`, and how strong they are, from 0 to 10. */
  policyCount: number
  policyMagnitude: number
  /** Brightness and contrast, each by itself, changed by up to this share in logit space, where nothing is cut off. */
  lighting: number
  lightingP: number
  /** A rectangle replaced with noise: its share of the area, and the least ratio of its sides. */
  eraseP: number
  eraseMin: number
  eraseMax: number
  eraseAspect: number
}

interface Range {
  min: number
  max: number
  whole?: true
}

const probability: Range = { min: 0, max: 1 }

/** What each number may be. The order is that of the interface. */
export const augmentationRanges: Readonly<Record<keyof Augmentation, Range>> = {
  cropP: probability,
  cropMin: { min: 0.01, max: 1 },
  cropMax: { min: 0.01, max: 1 },
  cropAspect: { min: 1, max: 10 },
  flipP: probability,
  dihedralP: probability,
  rotate: { min: 0, max: 180 },
  rotateP: probability,
  zoomMin: { min: 0.25, max: 8 },
  zoomMax: { min: 0.25, max: 8 },
  zoomP: probability,
  warp: { min: 0, max: 0.4 },
  warpP: probability,
  policyCount: { min: 0, max: 8, whole: true },
  policyMagnitude: { min: 0, max: 10 },
  lighting: { min: 0, max: 0.9 },
  lightingP: probability,
  eraseP: probability,
  eraseMin: { min: 0, max: 1 },
  eraseMax: { min: 0, max: 1 },
  eraseAspect: { min: 0.05, max: 1 },
}

/** Nothing happens. Probabilities beside a magnitude of nothing are such that naming the magnitude is enough. */
const none: Augmentation = {
  cropP: 0,
  cropMin: 0.08,
  cropMax: 1,
  cropAspect: 4 / 3,
  flipP: 0,
  dihedralP: 0,
  rotate: 0,
  rotateP: 0.75,
  zoomMin: 1,
  zoomMax: 1,
  zoomP: 0.75,
  warp: 0,
  warpP: 0.75,
  policyCount: 0,
  policyMagnitude: 5,
  lighting: 0,
  lightingP: 0.75,
  eraseP: 0,
  eraseMin: 0,
  eraseMax: 0.3,
  eraseAspect: 0.3,
}

export type AugmentationPreset = 'none' | 'default' | 'notebook'

export const augmentationPresets: Readonly<Record<AugmentationPreset, Augmentation>> = {
  none,
  /** fastai's aug_transforms() as it stands. */
  default: { ...none, flipP: 0.5, rotate: 10, zoomMax: 1.1, warp: 0.2, lighting: 0.2 },
  /** What the notebook calls mult_1.25_more_trans: aug_transforms(mult=1.25, flip_vert=True, max_rotate=25, …) and RandomErasing. */
  notebook: {
    ...none,
    dihedralP: 0.5,
    rotate: 31.25,
    rotateP: 0.05,
    zoomMin: 0.75,
    zoomMax: 1.8,
    zoomP: 0.05,
    warp: 0.1875,
    warpP: 0.05,
    lighting: 0.25,
    eraseP: 0.2,
  },
}

/** A preset by its name, or numbers that differ from a preset's (from `none`'s, where none is named). */
export type AugmentationInput = AugmentationPreset | ({ preset?: AugmentationPreset } & Partial<Augmentation>)

const isPreset = (value: unknown): value is AugmentationPreset =>
  typeof value === 'string' && Object.hasOwn(augmentationPresets, value)

const presetNames = Object.keys(augmentationPresets).join(', ')

/** Every number of an augmentation. Throws BAD_CONFIG, which names the field at fault, for anything that is not an AugmentationInput. */
export function resolveAugmentation(input: unknown): Augmentation {
  if (isPreset(input)) return augmentationPresets[input]
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw refusal(`must be one of ${presetNames}, or an object of numbers, not ${JSON.stringify(input)}`)
  }
  const { preset = 'none', ...numbers } = input as Record<string, unknown>
  if (!isPreset(preset)) throw refusal(`preset must be one of ${presetNames}, not ${JSON.stringify(preset)}`)
  for (const [name, value] of Object.entries(numbers)) {
    if (!Object.hasOwn(augmentationRanges, name))
      throw refusal(`has no field ${name} (fields: preset, ${Object.keys(augmentationRanges).join(', ')})`)
    const { min, max, whole = false } = augmentationRanges[name as keyof Augmentation]
    const fits = typeof value === 'number' && value >= min && value <= max && (!whole || Number.isInteger(value))
    if (!fits) {
      const kind = whole ? 'whole number' : 'number'
      throw refusal(`${name} must be a ${kind} from ${min} to ${max}, not ${JSON.stringify(value)}`)
    }
  }
  const resolved = { ...augmentationPresets[preset], ...(numbers as Partial<Augmentation>) }
  for (const [least, most] of [
    ['zoomMin', 'zoomMax'],
    ['cropMin', 'cropMax'],
    ['eraseMin', 'eraseMax'],
  ] as const) {
    if (resolved[least] > resolved[most])
      throw refusal(`${least} ${resolved[least]} must not be above ${most} ${resolved[most]}`)
  }
  return resolved
}

const refusal = (problem: string): EngineError => new EngineError('BAD_CONFIG', `augmentation: ${problem}`)

/** Whether images stay as they are, whatever is drawn. */
export const isNone = (a: Augmentation): boolean =>
  a.cropP === 0 &&
  a.flipP === 0 &&
  a.dihedralP === 0 &&
  (a.rotate === 0 || a.rotateP === 0) &&
  ((a.zoomMin === 1 && a.zoomMax === 1) || a.zoomP === 0) &&
  (a.warp === 0 || a.warpP === 0) &&
  (a.policyCount === 0 || a.policyMagnitude === 0) &&
  (a.lighting === 0 || a.lightingP === 0) &&
  (a.eraseP === 0 || a.eraseMax === 0)

/**
 * The side at which training images are kept for a network that takes `size`: larger where crops are drawn, so that what is
 * stretched has more to show (256 for 224).
 */
export const sourceSize = (augment: Augmentation, size: number): number =>
  augment.cropP === 0 ? size : Math.ceil((size * 8) / 7)
