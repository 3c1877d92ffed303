import { augment as augmentKernel } from '../../kernels/augment.ts'
import type { ActivationType } from '../../kernels/kernel.ts'
import type { Graph } from '../graph.ts'
import type { Tensor } from '../tensor.ts'

/** How images are augmented on their way into a network. */
export interface AugmentInput {
  /** [n, augmentWords] u32, see kernels/augment.ts. */
  draws: Tensor
  /** Side of what the network takes, in pixels. */
  size: number
  /** Whether images are mixed with one another. */
  mixes: boolean
}

/** pixels [n, source, source] of packed RGBA → [n, size, size, 4] of `type`, augmented and normalised. */
export function augment(
  graph: Graph,
  pixels: Tensor,
  { draws, size, mixes }: AugmentInput,
  { mean, std }: { mean: readonly number[]; std: readonly number[] },
  type: ActivationType,
): Tensor {
  const [batch = 0, source = 0] = pixels.shape
  const x = graph.activation('images', [batch, size, size, 4], type)
  graph.add({
    op: 'augment',
    inputs: [pixels, draws],
    outputs: [x],
    lower(l) {
      let first = 0
      // Partners may be anywhere in the batch: every window sees the whole source, which takes a quarter of what it writes.
      for (const { images, view } of l.windows(x)) {
        const kernel = augmentKernel({ first, images, source, size, mean, std, mixes, type })
        l.emit(kernel, pixels, draws, view(x))
        first += images
      }
    },
  })
  return x
}
