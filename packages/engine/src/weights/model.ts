/** A trained network: its weights with all that is needed to use them. */
import { ParameterStore } from '../compile/store.ts'
import { EngineError } from '../errors.ts'
import type { Device } from '../gpu/device.ts'
import { type Arch, archs, type Head, heads, ResNet } from '../nn/resnet.ts'
import { archOf } from './arch.ts'
import { type Refuse, refusal } from './byte-source.ts'
import { type Calibration, calibrationMetadata, readCalibration } from './calibration.ts'
import { preprocessingMetadata, readPreprocessing, type WeightsPreprocessing } from './preprocessing.ts'
import type { DiskTensor, StateDict, WeightsFile } from './safetensors.ts'
import { loadStateDict } from './state-dict.ts'

/** What a weights file may not say of itself; where it does, what is given wins but for the network, which must agree. */
export interface ModelHints {
  arch?: Arch | undefined
  /** Names of the classes in the order of the head's rows, or how many: then they are called 0, 1, …. */
  classes?: readonly string[] | number | undefined
  /** Side of the square input in pixels. */
  size?: number | undefined
}

export interface SavedModel {
  /** As it was named, for messages. */
  path: string
  arch: Arch
  head: Head
  classes: string[]
  preprocessing: WeightsPreprocessing
  /** What a validation set said of it; null where none was asked (infer/calibrate.ts). */
  calibration: Calibration | null
  /** By torchvision's names. */
  tensors: StateDict
  /** The file's own, whatever it says. */
  metadata: Readonly<Record<string, string>>
}

/**
 * The model that the content of a weights file is, with what the file does not say of itself; `path` names it in messages.
 * Throws BAD_WEIGHTS where it is no whole ResNet, BAD_CONFIG where hints are missing or do not fit it.
 */
export function modelOf({ tensors, metadata }: WeightsFile, path: string, hints: ModelHints = {}): SavedModel {
  const refuse = refusal(path, 'model')
  const arch = archOf(tensors) ?? refuse(`its tensors are not those of ${archs.join(', ')}`)
  if (hints.arch !== undefined && hints.arch !== arch) {
    throw new EngineError('BAD_CONFIG', `${path} holds a ${arch}, not a ${hints.arch}`)
  }
  const [head, outputs] = headOf(tensors) ?? refuse('it has no head: neither fc.weight nor head.fc2.weight')
  const classes = classNames(path, outputs, hints.classes ?? namesIn(metadata, refuse))
  const preprocessing = readPreprocessing(metadata, path)
  const size = hints.size ?? preprocessing.size
  const model = new ResNet({ arch, head, classes, preprocessing })
  for (const { name, shape } of model.weights()) {
    const found = tensors.get(name)?.shape.join()
    if (found !== shape.join()) refuse(found ? `${name} is [${found}], not [${shape.join()}]` : `it lacks ${name}`)
  }
  const calibration = readCalibration(metadata, path, { classes: classes.length, features: model.featureCount })
  return { path, arch, head, classes, preprocessing: { ...preprocessing, size }, calibration, tensors, metadata }
}

/** A model's network, and a store on the device with its weights. */
export function loadModel(
  device: Device,
  { arch, head, classes, preprocessing, tensors }: SavedModel,
): { model: ResNet; store: ParameterStore } {
  const { mean, std } = preprocessing
  const model = new ResNet({ arch, head, classes, preprocessing: { mean, std } })
  const store = new ParameterStore(device, model.elements, model.stateElements)
  loadStateDict(model, store, tensors)
  return { model, store }
}

/**
 * The model as a weights file that says all of itself: its tensors in torchvision's order and nothing else, and what it was read from
 * did not have to say. The other way round from `modelOf`.
 */
export function fileOf(saved: SavedModel): WeightsFile {
  const { arch, head, classes, preprocessing, calibration, tensors, metadata } = saved
  const weights = [...new ResNet({ arch, head, classes, preprocessing }).weights()]
  return {
    tensors: new Map(weights.map(({ name }) => [name, tensors.get(name) as DiskTensor])),
    metadata: {
      format: 'pt',
      ...metadata,
      arch,
      head,
      classes: JSON.stringify(classes),
      ...preprocessingMetadata(preprocessing),
      ...(calibration && calibrationMetadata(calibration)),
    },
  }
}

/** The head by its last layer, and how many classes that tells apart. */
function headOf(tensors: StateDict): [Head, number] | null {
  const last: Record<Head, string> = { linear: 'fc.weight', concat: 'head.fc2.weight' }
  for (const head of heads) {
    const rows = tensors.get(last[head])?.shape[0]
    if (rows !== undefined) return [head, rows]
  }
  return null
}

function namesIn(metadata: Readonly<Record<string, string>>, refuse: Refuse): string[] | undefined {
  if (metadata.classes === undefined) return undefined
  try {
    const names: unknown = JSON.parse(metadata.classes)
    if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names
  } catch {
    // Refused below, like any other text that is no list.
  }
  return refuse('its classes are not a list of names')
}

function classNames(path: string, outputs: number, given: readonly string[] | number | undefined): string[] {
  const ask = 'name its classes, separated by commas, or say how many there are'
  if (given === undefined) {
    throw new EngineError('BAD_CONFIG', `${path} does not say which ${outputs} classes it tells apart: ${ask}`)
  }
  const names = typeof given === 'number' ? Array.from({ length: given }, (_, i) => String(i)) : [...given]
  if (names.length !== outputs) {
    throw new EngineError('BAD_CONFIG', `${path} tells ${outputs} classes apart, not ${names.length}: ${ask}`)
  }
  return names
}
