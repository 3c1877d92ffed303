/** A batch's draws in the words that a training step reads. */
import { augmentWords, packTransform } from '../kernels/augment.ts'
import { partnerWords } from '../kernels/loss.ts'
import { type Augmentation, augmentationPresets, isNone } from './augmentation.ts'
import { type Draw, drawImage } from './draw.ts'
import { drawMixes, type Mix, type Mixing, mixes } from './mix.ts'
import { transformOf } from './transform.ts'

/** All that may happen to the images of a batch. */
export interface Augmenting extends Mixing {
  augment: Augmentation
}

/** Images stay as they are. */
export const unchanged: Augmenting = { augment: augmentationPresets.none, mixup: 0, cutmix: 0 }

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
  images: readonly Draw[]
  /** Null where nothing is mixed. */
  mixes: readonly Mix[] | null
  /** The same for the device. */
  /** [batch, augmentWords] */
  draws: Uint32Array
  /** [batch, partnerWords]; null where nothing is mixed. */
  partners: Uint32Array | null
}

/** For a source and an input of so many pixels a side. */
export function drawBatch(a: Augmenting, sides: { source: number; size: number }, of: BatchOf): DrawnBatch {
  const { seed, epoch, step, indices, labels } = of
  const images = Array.from(indices, (image) => drawImage(a.augment, sides.size, { seed, epoch, image }))
  const mixed = mixes(a) ? drawMixes(a, sides.size, { seed, epoch, step, images: indices }) : null
  const draws = new Uint32Array(images.length * augmentWords)
  for (const [n, draw] of images.entries()) packTransform(draws, n, transformOf(draw, sides), mixed?.[n] ?? null)
  return { images, mixes: mixed, draws, partners: mixed && packPartners(mixed, labels) }
}

function packPartners(mixed: readonly Mix[], labels: ArrayLike<number>): Uint32Array {
  const partners = new Uint32Array(mixed.length * partnerWords)
  const shares = new Float32Array(partners.buffer)
  for (const [n, { partner, share }] of mixed.entries()) {
    partners[n * partnerWords] = labels[partner] as number
    shares[n * partnerWords + 1] = share
  }
  return partners
}
