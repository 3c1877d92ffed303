import type { ParameterStore, StoreBuffers } from '../compile/store.ts'
import { fromDevice, initialise, toDevice } from '../nn/parameters.ts'
import type { ResNet } from '../nn/resnet.ts'
import type { StateDict } from './safetensors.ts'

export interface LoadReport {
  /** Tensors taken over. */
  loaded: number
  /** Tensors of the file that were left out, and why: a head for other classes, an unknown name. */
  dropped: { name: string; reason: string }[]
  /** Tensors of the model that the file lacks; they keep their values. */
  missing: string[]
}

/** Fresh values for every tensor of the model: a pure function of the seed. */
export function initialiseWeights(model: ResNet, store: ParameterStore, seed: number): void {
  for (const weight of model.weights()) store.write(weight.tensor, toDevice(weight, initialise(weight, seed)))
}

/**
 * Takes over every tensor whose name and shape fit; a head whose shape differs is dropped and said so, never an error.
 * num_batches_tracked, which nothing here needs, is passed over.
 */
export function loadStateDict(model: ResNet, store: ParameterStore, dict: StateDict): LoadReport {
  const report: LoadReport = { loaded: 0, dropped: [], missing: [] }
  const known = new Map([...model.weights()].map((weight) => [weight.name, weight]))
  for (const [name, { shape, values }] of dict) {
    if (name.endsWith('.num_batches_tracked')) continue
    const weight = known.get(name)
    if (!weight) {
      report.dropped.push({ name, reason: `${model.arch} with a ${model.head} head has no such tensor` })
    } else if (weight.shape.join() !== shape.join()) {
      report.dropped.push({ name, reason: `its shape is [${shape}], the model's [${weight.shape}]` })
    } else {
      store.write(weight.tensor, toDevice(weight, values))
      known.delete(name)
      report.loaded++
    }
  }
  report.missing = [...known.keys()]
  return report
}

/** The model's tensors, read back from the device, under torchvision's names. */
export async function readStateDict(model: ResNet, store: Pick<StoreBuffers, 'readAll'>): Promise<StateDict> {
  // Two reads of whole buffers, not one of each of the hundreds of tensors.
  const parameters = await store.readAll('parameters')
  const states = await store.readAll('states')
  const dict: StateDict = new Map()
  for (const weight of model.weights()) {
    const { place, shape } = weight.tensor
    if (place.in !== 'parameters' && place.in !== 'states') continue
    const elements = shape.reduce((a, b) => a * b, 1)
    const flat = place.in === 'parameters' ? parameters : states
    const values = fromDevice(weight, flat.subarray(place.offset, place.offset + elements))
    dict.set(weight.name, { shape: weight.shape, values })
  }
  return dict
}
