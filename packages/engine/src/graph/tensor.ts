import type { ActivationType } from '../kernels/kernel.ts'

/** Where a tensor lives on the device. */
export type Place =
  /** Between its first write and its last read only: the planner gives it a stretch of the shared arena. */
  | { in: 'arena' }
  /** In the program's own buffer, written or read by the CPU. */
  | { in: 'program' }
  /** In a buffer of the parameter store, at a fixed offset in elements. */
  | { in: StoreBuffer; offset: number }
  /** Within another tensor, of the arena or the program, from an offset in elements on. */
  | { in: 'view'; of: Tensor; offset: number }

/**
 * The store's flat buffers. A parameter, its gradient, the running sum of its gradients, its moments and its average have the same
 * offset, each in its own buffer; so have a running statistic and its average. `lossScale` is a few words (kernels/loss-scale.ts),
 * which only training in mixed precision has.
 */
export type StoreBuffer =
  | 'parameters'
  | 'gradients'
  | 'gradientSums'
  | 'moment1'
  | 'moment2'
  | 'averageParameters'
  | 'states'
  | 'averageStates'
  | 'lossScale'

/** From where to where in a flat buffer, in elements. */
export interface FlatRange {
  offset: number
  elements: number
}

/** A value on the device. Only activations and their gradients may be f16; shapes are as stored: NHWC, channels padded to a multiple of 4. */
export interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: ActivationType | 'u32'
  /** Settled once its graph is lowered; until then `Graph.keep` may move it. */
  place: Place
}

export const elementsOf = (tensor: Pick<Tensor, 'shape'>): number => tensor.shape.reduce((a, b) => a * b, 1)

export const bytesOf = (tensor: Pick<Tensor, 'shape' | 'type'>): number =>
  (tensor.type === 'f16' ? 2 : 4) * elementsOf(tensor)

/** The type of an activation. Throws for integers, which is a bug in the graph. */
export function activationType({ name, type }: Tensor): ActivationType {
  if (type === 'u32') throw new Error(`${name} holds integers where an activation is needed`)
  return type
}

/** A tensor of NHWC rank, taken apart. Throws where the rank is wrong, which is a bug in the graph. */
export function nhwc(tensor: Tensor): { n: number; h: number; w: number; channels: number } {
  const [n, h, w, channels] = tensor.shape
  if (n === undefined || h === undefined || w === undefined || channels === undefined) {
    throw new Error(`${tensor.name} has shape [${tensor.shape}] where [n, h, w, channels] is needed`)
  }
  return { n, h, w, channels }
}

/**
 * A stretch of a tensor, from element `offset` on, as a tensor by itself. What binds it needs a byte offset that is a multiple
 * of `bindingAlignment`.
 */
export function viewOf(tensor: Tensor, shape: readonly number[], offset: number): Tensor {
  const { name, type, place } = tensor
  switch (place.in) {
    case 'arena':
    case 'program':
      return { name, shape, type, place: { in: 'view', of: tensor, offset } }
    default:
      return { name, shape, type, place: { ...place, offset: place.offset + offset } }
  }
}

/** A stretch of one of the store's flat buffers. */
export const flat = (buffer: StoreBuffer, { offset, elements }: FlatRange): Tensor => ({
  name: `${buffer} from ${offset}`,
  shape: [elements],
  type: 'f32',
  place: { in: buffer, offset },
})

/** The tensor whose memory a tensor is part of: itself, but for views. */
export const wholeOf = (tensor: Tensor): Tensor => (tensor.place.in === 'view' ? tensor.place.of : tensor)

/** Byte offsets of bindings are multiples of this on every WebGPU device. */
export const bindingAlignment = 256
