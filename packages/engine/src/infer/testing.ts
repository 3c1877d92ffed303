/** Models that were never on disk, for tests. */
import { initialise } from '../nn/parameters.ts'
import { type Head, ResNet } from '../nn/resnet.ts'
import type { SavedModel } from '../weights/model.ts'
import { defaultPreprocessing } from '../weights/preprocessing.ts'

/** A ResNet-18 with fresh values, as `readModel` would give it. */
export function freshModel(head: Head, classes: readonly string[], size: number, seed = 1): SavedModel {
  const model = new ResNet({ arch: 'resnet18', head, classes })
  const tensors = new Map(
    [...model.weights()].map((weight) => [weight.name, { shape: weight.shape, values: initialise(weight, seed) }]),
  )
  const preprocessing = { ...defaultPreprocessing, size }
  const calibration = null
  return {
    path: 'fresh',
    arch: 'resnet18',
    head,
    classes: [...classes],
    preprocessing,
    calibration,
    tensors,
    metadata: {},
  }
}
