/**
 * Parameters and running statistics of a network, by torchvision's names, and where each lies in the flat buffers.
 * On disk a tensor has PyTorch's shape and order (OIHW); on the device, filters are HWIO and channels are padded (kernel.ts).
 */
import type { Tensor } from '../graph/tensor.ts'
import { elementsOf } from '../graph/tensor.ts'
import { padded } from '../kernels/kernel.ts'
import { pcg4d } from '../kernels/random.ts'
import type { Stage } from './freezing.ts'

/** How a fresh tensor is filled. */
export type Init =
  | { kind: 'constant'; value: number }
  | { kind: 'normal'; std: number }
  | { kind: 'uniform'; bound: number }

/** One tensor of a state dict. */
export interface Weight {
  readonly name: string
  /** Shape on disk: [o, i, kh, kw], [o, i] or [c]. */
  readonly shape: readonly number[]
  readonly init: Init
  /** As the device holds it. */
  readonly tensor: Tensor
}

export interface Parameter extends Weight {
  /** Learning-rate group: 0 stem to layer2, 1 layer3 and layer4, 2 head. */
  readonly group: number
  /** Weight decay applies: to filters and linear weights, not to batch norms and biases. */
  readonly decay: boolean
  /** A body's batch norm, which may go on learning while the body is frozen. */
  readonly bodyNorm: boolean
  readonly stage: Stage
}

/** A run of parameters in the flat buffers that are treated alike, whatever is frozen. */
export interface ParameterStretch extends Pick<Parameter, 'group' | 'decay' | 'bodyNorm' | 'stage'> {
  /** In elements. */
  offset: number
  elements: number
}

/** Offsets are multiples of 64 elements, so that every tensor can be bound by itself. */
const alignElements = (n: number): number => Math.ceil(n / 64) * 64

type ParameterSpec = Omit<Parameter, 'tensor'>
type StateSpec = Omit<Weight, 'tensor'>

export interface Parameters {
  parameters: ReadonlyMap<string, Parameter>
  states: ReadonlyMap<string, Weight>
  stretches: readonly ParameterStretch[]
  /** Lengths of the flat buffers. */
  elements: number
  stateElements: number
}

/** Lays parameters out so that those the optimiser treats alike are neighbours. */
export function layOut(parameterSpecs: readonly ParameterSpec[], stateSpecs: readonly StateSpec[]): Parameters {
  const kindOf = (p: ParameterSpec): number => p.group * 4 + (p.decay ? 2 : 0) + (p.bodyNorm ? 1 : 0)
  const sorted = [...parameterSpecs].sort((a, b) => kindOf(a) - kindOf(b))
  const parameters = new Map<string, Parameter>()
  const stretches: ParameterStretch[] = []
  let offset = 0
  for (const spec of sorted) {
    const shape = deviceShape(spec.shape)
    const tensor: Tensor = { name: spec.name, shape, type: 'f32', place: { in: 'parameters', offset } }
    parameters.set(spec.name, { ...spec, tensor })
    const elements = alignElements(elementsOf(tensor))
    const { group, decay, bodyNorm, stage } = spec
    const last = stretches.at(-1)
    if (last && last.stage === stage && last.decay === decay && last.bodyNorm === bodyNorm) last.elements += elements
    else stretches.push({ group, decay, bodyNorm, stage, offset, elements })
    offset += elements
  }
  const states = new Map<string, Weight>()
  let stateOffset = 0
  for (const spec of stateSpecs) {
    const tensor: Tensor = {
      name: spec.name,
      shape: deviceShape(spec.shape),
      type: 'f32',
      place: { in: 'states', offset: stateOffset },
    }
    states.set(spec.name, { ...spec, tensor })
    stateOffset += alignElements(elementsOf(tensor))
  }
  // In the order they were declared, which is the order people expect in listings and files.
  const ordered = new Map(parameterSpecs.map(({ name }) => [name, parameters.get(name) as Parameter]))
  return { parameters: ordered, states, stretches, elements: offset, stateElements: stateOffset }
}

/** [o, i, kh, kw] → [kh, kw, i, o]; [o, i] → [1, 1, i, o]; [c] → [c]; channels padded. */
function deviceShape(shape: readonly number[]): number[] {
  const [o = 0, i, kh = 1, kw = 1] = shape
  return i === undefined ? [padded(o)] : [kh, kw, padded(i), padded(o)]
}

/** Values in PyTorch's order → the device's, zeros in the padding. */
export function toDevice(weight: Weight, values: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const out = new Float32Array(elementsOf(weight.tensor))
  eachElement(weight, (disk, device) => {
    out[device] = values[disk] ?? 0
  })
  return out
}

/** The device's values → PyTorch's order, padding dropped. */
export function fromDevice(weight: Weight, values: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const out = new Float32Array(weight.shape.reduce((a, b) => a * b, 1))
  eachElement(weight, (disk, device) => {
    out[disk] = values[device] ?? 0
  })
  return out
}

function eachElement(weight: Weight, visit: (disk: number, device: number) => void): void {
  const [o = 0, i, kh = 1, kw = 1] = weight.shape
  if (i === undefined) {
    for (let c = 0; c < o; c++) visit(c, c)
    return
  }
  const taps = kh * kw
  const [ci, co] = [padded(i), padded(o)]
  for (let out = 0; out < o; out++)
    for (let inp = 0; inp < i; inp++)
      for (let tap = 0; tap < taps; tap++) visit((out * i + inp) * taps + tap, (tap * ci + inp) * co + out)
}

/** Fresh values of a tensor in PyTorch's order: a pure function of seed and name. */
export function initialise(weight: Weight, seed: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(weight.shape.reduce((a, b) => a * b, 1))
  const { init } = weight
  if (init.kind === 'constant') return values.fill(init.value)
  const key = hashName(weight.name)
  for (let i = 0; i < values.length; i++) {
    const [a, b] = pcg4d(i, key, seed, 0x696e6974)
    // Uniforms in (0, 1]; a normal by Box and Muller.
    const u = (a + 1) / 2 ** 32
    const v = (b + 1) / 2 ** 32
    values[i] =
      init.kind === 'normal'
        ? init.std * Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)
        : init.bound * (2 * u - 1)
  }
  return values
}

/** FNV-1a. */
function hashName(name: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
