/** A batch's draws in the words that a training step reads. */
import { augmentWords, packTransform } from '../kernels/augment.ts'
import { partnerWords } from '../kernels/loss.ts'
import { type Augmentation, isNone } from './augmentation.ts'
import { drawImage } from './draw.ts'
import { drawMixes, type Mixing, mixes } from './mix.ts'
import { transformOf } from './transform.ts'

/** All that may happen to the images of a batch. */
export interface Augmenting extends Mixing {
  augment: Augmentation
}

/** Whether a step has to do anything at all. */
export const augments = (a: Augmenting): boolean => !isNone(a.augment) || mixes(a)

export interface BatchOf {
  seed: number
  epoch: number
  step: number
  /** Places of the images in their source, and their labels. */
  indices: ArrayLike<number>
  labels: ArrayLike<number>
}

export interface DrawnBatch {
  /** [batch, augmentWords] */
  draws: Uint32Array
  /** [batch, partnerWords]; null where nothing is mixed. */
  partners: Uint32Array | null
}

/** For a source and an input of so many pixels a side. */
export function drawBatch(a: Augmenting, sides: { source: number; size: number }, of: BatchOf): DrawnBatch {
  const { seed, epoch, step, indices, labels } = of
  const batch = indices.length
  const mixed = mixes(a) ? drawMixes(a, sides.size, { seed, epoch, step, images: indices }) : null
  const draws = new Uint32Array(batch * augmentWords)
  for (let n = 0; n < batch; n++) {
    const draw = drawImage(a.augment, sides.size, { seed, epoch, image: indices[n] as number })
    packTransform(draws, n, transformOf(draw, sides), mixed?.[n] ?? null)
  }
  return { draws, partners: mixed && packPartners(mixed, labels) }
}

function packPartners(mixed: readonly { partner: number; share: number }[], labels: ArrayLike<number>): Uint32Array {
  const partners = new Uint32Array(mixed.length * partnerWords)
  const shares = new Float32Array(partners.buffer)
  for (const [n, { partner, share }] of mixed.entries()) {
    partners[n * partnerWords] = labels[partner] as number
    shares[n * partnerWords + 1] = share
  }
  return partners
}
