/**
 * What may happen to training images: the engine's Augmentation, told again because the API never imports the engine. A test of
 * apps/server holds ranges and presets against the engine's.
 */
import { z } from 'zod'

interface Field {
  about: string
  min: number
  max: number
  whole?: true
}

const probability = (about: string): Field => ({ about, min: 0, max: 1 })

/** Every number of an augmentation, in the order in which the transforms apply. */
export const augmentationFields = {
  cropP: probability('Probability of a crop that is stretched to the whole image.'),
  cropMin: { about: 'Least share of the area that a crop has.', min: 0.01, max: 1 },
  cropMax: { about: 'Greatest share of the area that a crop has.', min: 0.01, max: 1 },
  cropAspect: { about: 'Greatest ratio of a crop’s sides.', min: 1, max: 10 },
  flipP: probability('Probability of a mirror image.'),
  dihedralP: probability('Probability of one of the eight symmetries of a square.'),
  rotate: { about: 'Greatest turn to either side, in degrees.', min: 0, max: 180 },
  rotateP: probability('Probability of a turn.'),
  zoomMin: { about: 'Least factor of enlargement.', min: 0.25, max: 8 },
  zoomMax: { about: 'Greatest factor of enlargement.', min: 0.25, max: 8 },
  zoomP: probability('Probability of a zoom.'),
  warp: { about: 'Greatest share by which a side is lengthened, as if seen from aside.', min: 0, max: 0.4 },
  warpP: probability('Probability of a warp along each axis.'),
  policyCount: { about: 'Operations drawn for each image, as by RandAugment.', min: 0, max: 8, whole: true },
  policyMagnitude: { about: 'How strong these operations are.', min: 0, max: 10 },
  lighting: { about: 'Greatest change of brightness and of contrast.', min: 0, max: 0.9 },
  lightingP: probability('Probability of a change of brightness, and of one of contrast.'),
  eraseP: probability('Probability that a rectangle is replaced with noise.'),
  eraseMin: { about: 'Least share of the area that is erased.', min: 0, max: 1 },
  eraseMax: { about: 'Greatest share of the area that is erased.', min: 0, max: 1 },
  eraseAspect: { about: 'Least ratio of the sides of what is erased.', min: 0.05, max: 1 },
} as const satisfies Record<string, Field>

export type AugmentationField = keyof typeof augmentationFields
export type Augmentation = Record<AugmentationField, number>

export const augmentationFieldNames: readonly AugmentationField[] = Object.keys(
  augmentationFields,
) as AugmentationField[]

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

export const augmentationPresetNames = ['none', 'default', 'notebook'] as const
export type AugmentationPreset = (typeof augmentationPresetNames)[number]

export const augmentationPresets: Readonly<Record<AugmentationPreset, Augmentation>> = {
  none,
  default: { ...none, flipP: 0.5, rotate: 10, zoomMax: 1.1, warp: 0.2, lighting: 0.2 },
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

/** The preset that has all of these numbers, null where they are somebody's own. */
export const presetOf = (augmentation: Augmentation): AugmentationPreset | null =>
  augmentationPresetNames.find((preset) =>
    augmentationFieldNames.every((name) => augmentationPresets[preset][name] === augmentation[name]),
  ) ?? null

/** Numbers that differ from a preset's; without one, from those of `none`. */
export type AugmentationInput = { preset?: AugmentationPreset | null | undefined } & {
  [K in AugmentationField]?: number | null | undefined
}

function numberOf({ min, max, whole }: Field) {
  const error = `must be a ${whole ? 'whole number' : 'number'} from ${min} to ${max}`
  return (whole ? z.int({ error }) : z.number({ error })).min(min, { error }).max(max, { error }).optional()
}

const numbers = Object.fromEntries(
  augmentationFieldNames.map((name) => [name, numberOf(augmentationFields[name])]),
) as Record<AugmentationField, ReturnType<typeof numberOf>>

const ordered = [
  ['zoomMin', 'zoomMax'],
  ['cropMin', 'cropMax'],
  ['eraseMin', 'eraseMax'],
] as const

/** From an AugmentationInput to every number. */
export const augmentation = z
  .preprocess(
    // What a client sets to null it leaves out.
    (input) =>
      typeof input === 'object' && input !== null
        ? Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null))
        : input,
    z.strictObject({
      preset: z
        .enum(augmentationPresetNames, { error: `must be one of ${augmentationPresetNames.join(', ')}` })
        .default('none'),
      ...numbers,
    }),
  )
  .transform(({ preset, ...given }) => {
    const set = Object.entries(given).filter(([, value]) => value !== undefined)
    return { ...augmentationPresets[preset], ...Object.fromEntries(set) } as Augmentation
  })
  .superRefine((resolved, context) => {
    for (const [least, most] of ordered) {
      if (resolved[least] > resolved[most])
        context.addIssue({ code: 'custom', path: [least], message: `must not be above ${most}, ${resolved[most]}` })
    }
  })
