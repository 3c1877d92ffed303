import { type Arch, archs, headGroup, ResNet } from '../nn/resnet.ts'

/** The network whose body these tensors are, by their names and shapes; null for any other. Heads may differ. */
export function archOf(shapes: ReadonlyMap<string, readonly number[]>): Arch | null {
  return archs.find((arch) => isBody(shapes, arch)) ?? null
}

function isBody(shapes: ReadonlyMap<string, readonly number[]>, arch: Arch): boolean {
  const model = new ResNet({ arch, classes: [''], head: 'linear' })
  const body = [...model.parameters.values()].filter(({ group }) => group !== headGroup)
  const weights = [...body, ...model.states.values()]
  const fits = weights.every(({ name, shape }) => shapes.get(name)?.join() === shape.join())
  // A deeper network has all of a shallower one's layers, and more.
  const layers = [...shapes.keys()].filter((name) => /^layer\d+\.\d+\.conv\d+\.weight$/.test(name))
  return fits && layers.every((name) => model.parameters.has(name))
}
