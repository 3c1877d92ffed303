/** Brings the tensors of a state dict to torchvision's names, by which everything here knows them. */
import type { StateDict } from './safetensors.ts'

/** What wrappers put before every name: DataParallel, Lightning modules, compiled models, models with a body of that name. */
const prefixes = ['module.', 'model.', 'backbone.', '_orig_mod.']

/** fastai's learners number their layers: 0 is the body, torchvision's children in order; 1 is the concat head. */
const fastaiBody: Record<string, string> = {
  0: 'conv1',
  1: 'bn1',
  4: 'layer1',
  5: 'layer2',
  6: 'layer3',
  7: 'layer4',
}
const fastaiHead: Record<string, string> = { 2: 'head.bn1', 4: 'head.fc1', 6: 'head.bn2', 8: 'head.fc2' }

export function torchvisionNames(tensors: StateDict): StateDict {
  let named = tensors
  // A wrapper may be wrapped. A name is never stripped to nothing.
  for (let prefix = commonPrefix(named); prefix; prefix = commonPrefix(named)) {
    const { length } = prefix
    named = rename(named, (name) => name.slice(length))
  }
  return isFastai(named) ? rename(named, fromFastai) : named
}

const commonPrefix = (tensors: StateDict): string | undefined =>
  prefixes.find(
    (prefix) => tensors.size > 0 && [...tensors.keys()].every((name) => name.startsWith(prefix) && name !== prefix),
  )

const rename = (tensors: StateDict, to: (name: string) => string): StateDict =>
  new Map([...tensors].map(([name, tensor]) => [to(name), tensor]))

const isFastai = (tensors: StateDict): boolean => tensors.has('0.0.weight') && tensors.has('0.1.running_mean')

function fromFastai(name: string): string {
  const [, part, layer = '', rest] = /^([01])\.(\d+)\.(.+)$/.exec(name) ?? []
  const known = (part === '0' ? fastaiBody : fastaiHead)[layer]
  return part !== undefined && known !== undefined ? `${known}.${rest}` : name
}
