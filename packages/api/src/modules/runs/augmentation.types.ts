/** What happens to training images, as GraphQL tells and takes it. */
import { builder } from '../../graphql/builder.ts'
import {
  type Augmentation,
  type AugmentationField,
  augmentationFieldNames,
  augmentationFields,
  augmentationPresetNames,
  presetOf,
} from '../../jobs/augmentation.ts'

const AugmentationPreset = builder.enumType('AugmentationPreset', {
  description: 'default: fastai’s usual transforms. notebook: mult_1.25_more_trans of the mushroom notebook.',
  values: augmentationPresetNames,
})

const fieldsOf = <T>(make: (name: AugmentationField) => T): Record<AugmentationField, T> =>
  Object.fromEntries(augmentationFieldNames.map((name) => [name, make(name)])) as Record<AugmentationField, T>

const isWhole = (name: AugmentationField): boolean => 'whole' in augmentationFields[name]

export const AugmentationRef = builder.objectRef<Augmentation>('Augmentation').implement({
  description: 'What may happen to a training image, drawn for each image and epoch.',
  fields: (t) => ({
    preset: t.field({
      type: AugmentationPreset,
      nullable: true,
      description: 'The preset that has all of these numbers, if one has.',
      resolve: presetOf,
    }),
    ...fieldsOf((name) => {
      const options = { description: augmentationFields[name].about }
      return isWhole(name) ? t.exposeInt(name, options) : t.exposeFloat(name, options)
    }),
  }),
})

export const AugmentationInputRef = builder.inputType('AugmentationInput', {
  description: 'Numbers that differ from a preset’s.',
  fields: (t) => ({
    preset: t.field({ type: AugmentationPreset, description: 'Default none.' }),
    ...fieldsOf((name) => {
      const { about, min, max } = augmentationFields[name]
      const options = { description: `${about} ${min} to ${max}.` }
      return isWhole(name) ? t.int(options) : t.float(options)
    }),
  }),
})
