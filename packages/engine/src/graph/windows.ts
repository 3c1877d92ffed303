/**
 * Tensors larger than an adapter binds. A node that treats images one by one goes over its batch in windows of images, each
 * small enough that every tensor of the node can be bound, and emits its kernels once for each. Where everything fits there
 * is one window, the batch itself, and its tensors are no views.
 */
import { bindingAlignment, bytesOf, elementsOf, type Tensor, viewOf } from './tensor.ts'

export interface Window {
  /** How many images it has, and whether they are all of them. */
  readonly images: number
  readonly whole: boolean
  /** Its images of a tensor [n, …]: [images, …]. */
  view(tensor: Tensor): Tensor
}

/**
 * The fewest windows over the first dimension of `tensors` [n, …], equal but for the last, whose views fit a binding and
 * begin where one may begin. Windows of one image that do not fit are left to whoever checks bindings.
 */
export function windows(maxBindingBytes: number, ...tensors: readonly Tensor[]): Window[] {
  const n = tensors[0]?.shape[0] ?? 1
  const imageBytes = tensors.map((tensor) => bytesOf(imageOf(tensor)))
  const fit = Math.floor(maxBindingBytes / Math.max(...imageBytes))
  if (fit >= n) return [{ images: n, whole: true, view: (tensor) => tensor }]
  // Powers of two: the largest step serves all.
  const step = Math.max(...imageBytes.map(alignedMultiple))
  const most = Math.max(step, Math.floor(fit / step) * step)
  const equal = roundUp(Math.ceil(n / Math.ceil(n / most)), step)
  return Array.from({ length: Math.ceil(n / equal) }, (_, i) => {
    const first = i * equal
    const images = Math.min(equal, n - first)
    return {
      images,
      whole: images === n,
      view(tensor) {
        const image = imageOf(tensor)
        return viewOf(tensor, [images, ...image.shape], first * elementsOf(image))
      },
    }
  })
}

/** How many pieces of some bytes, a multiple of 4, lie between two places where a binding may begin. */
export function alignedMultiple(bytes: number): number {
  let pieces = 1
  while ((pieces * bytes) % bindingAlignment !== 0) pieces *= 2
  return pieces
}

export const roundUp = (value: number, step: number): number => Math.ceil(value / step) * step

const imageOf = ({ shape, type }: Tensor): Pick<Tensor, 'shape' | 'type'> => ({ shape: shape.slice(1), type })
