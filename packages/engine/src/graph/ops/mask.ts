import type { ActivationType } from '../../kernels/kernel.ts'
import { mask as maskKernel } from '../../kernels/mask.ts'
import type { Graph } from '../graph.ts'
import { elementsOf, type Tensor } from '../tensor.ts'

/** One picture under many masks in the place of a batch of images. */
export interface MaskInput {
  /** [size, size] u32: the segment of each pixel. */
  labels: Tensor
  /** u32, see kernels/mask.ts. */
  masks: Tensor
  samples: number
}

/** pixels [2, size, size] of packed RGBA, a picture and what hides it → [samples, size, size, 4] of `type`, normalised. */
export function mask(
  graph: Graph,
  pixels: Tensor,
  { labels, masks, samples }: MaskInput,
  { mean, std }: { mean: readonly number[]; std: readonly number[] },
  type: ActivationType,
): Tensor {
  const x = graph.activation('images', [samples, ...labels.shape, 4], type)
  graph.add({
    op: 'mask',
    inputs: [pixels, labels, masks],
    outputs: [x],
    lower(l) {
      let first = 0
      for (const { images, view } of l.windows(x)) {
        const kernel = maskKernel({ first, images, pixels: elementsOf(labels), mean, std, type })
        l.emit(kernel, pixels, labels, masks, view(x))
        first += images
      }
    },
  })
  return x
}
