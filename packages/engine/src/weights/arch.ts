import { type Arch, archs, headGroup, ResNet } from '../nn/resnet.ts'

/** A state dict, or what its header says of it. */
type Shapes = ReadonlyMap<string, { readonly shape: readonly number[] }>

/** The network whose body these tensors are, by their names and shapes; null for any other. Heads may differ. */
export function archOf(tensors: Shapes): Arch | null {
  return archs.find((arch) => isBody(tensors, arch)) ?? null
}

function isBody(tensors: Shapes, arch: Arch): boolean {
  const model = new ResNet({ arch, classes: [''], head: 'linear' })
  const body = [...model.parameters.values()].filter(({ group }) => group !== headGroup)
  const weights = [...body, ...model.states.values()]
  const fits = weights.every(({ name, shape }) => tensors.get(name)?.shape.join() === shape.join())
  // A deeper network has all of a shallower one's layers, and more.
  const layers = [...tensors.keys()].filter((name) => /^layer\d+\.\d+\.conv\d+\.weight$/.test(name))
  return fits && layers.every((name) => model.parameters.has(name))
}
