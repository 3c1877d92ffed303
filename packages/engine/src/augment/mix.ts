/**
 * MixUp (Zhang et al., 2018) and CutMix (Yun et al., 2019): an image takes part of another one of its batch, and of its label.
 * As in fastai, MixUp's share is drawn from Beta(α, α) for each image and is the larger of the two. Where both are on, each image
 * gets one of them, as likely as the other.
 */
import { Purpose, permutation } from '../data/random.ts'
import { type Box, type DrawOf, Stream, unit, unitsOf, wordsOf } from './draw.ts'

/** What of the batch is mixed: α of the Beta distribution, 0 for not at all. */
export interface Mixing {
  mixup: number
  cutmix: number
}

export interface Mix {
  /** The other image's place in the batch. */
  partner: number
  /** What of the label is the image's own; the rest is the partner's. */
  share: number
  /** CutMix: inside, pixels are the partner's, outside, the image's own. MixUp: null, every pixel is mixed by `share`. */
  box: Box | null
}

export const mixes = ({ mixup, cutmix }: Mixing): boolean => mixup > 0 || cutmix > 0

/** Of a batch of these images, of `size` pixels a side; partners are a permutation of the batch, drawn by step. */
export function drawMixes(
  mixing: Mixing,
  size: number,
  { seed, epoch, step, images }: Omit<DrawOf, 'image'> & { step: number; images: ArrayLike<number> },
): Mix[] {
  const partners = permutation(images.length, seed, step, Purpose.partner)
  return Array.from(images, (image, i): Mix => {
    const of = { seed, epoch, image }
    const partner = partners[i] as number
    const [either, x, y] = unitsOf(of, Stream.mix)
    const cuts = mixing.mixup === 0 || (mixing.cutmix > 0 && either < 0.5)
    const share = symmetricBeta(cuts ? mixing.cutmix : mixing.mixup, of)
    if (!cuts) return { partner, share: Math.max(share, 1 - share), box: null }
    const box = cutBox(1 - share, size, x, y)
    const cut = (box.right - box.left) * (box.bottom - box.top)
    return { partner, share: 1 - cut / (size * size), box }
  })
}

/** A square of some share of the image about a point, as far as it lies in the image. */
function cutBox(area: number, size: number, x: number, y: number): Box {
  const half = (size * Math.sqrt(area)) / 2
  const edge = (at: number): number => Math.min(size, Math.max(0, Math.round(at)))
  const [cx, cy] = [x * size, y * size]
  return { left: edge(cx - half), top: edge(cy - half), right: edge(cx + half), bottom: edge(cy + half) }
}

/** A draw of Beta(α, α): G₁ / (G₁ + G₂) of two draws of Gamma(α), by their logarithms, since for a small α they underflow. */
export function symmetricBeta(alpha: number, of: DrawOf): number {
  const [first, second] = [gamma(alpha, of, 0), gamma(alpha, of, 1)]
  // The powers by themselves: for a tiny α either is infinite, and their difference still has its sign.
  return 1 / (1 + Math.exp(second.log - first.log + (second.power - first.power) / alpha))
}

/**
 * A draw of Gamma(α), whose logarithm is log + power / α: Marsaglia & Tsang's rejection (A simple method for generating gamma variables, 2000), which is
 * exact, for α + 1, and from that by a power of a uniform number. Attempts of the two draws take turns.
 */
function gamma(alpha: number, of: DrawOf, which: 0 | 1): { log: number; power: number } {
  const d = alpha + 1 - 1 / 3
  for (let attempt = which; ; attempt += 2) {
    // In the middle of their intervals, so that none is 0.
    const [radius, angle, accepts, power] = wordsOf(of, Stream.beta, attempt).map((word) => unit(word + 0.5)) as [
      number,
      number,
      number,
      number,
    ]
    const normal = Math.sqrt(-2 * Math.log(radius)) * Math.cos(2 * Math.PI * angle)
    const v = (1 + normal / Math.sqrt(9 * d)) ** 3
    if (v > 0 && Math.log(accepts) < normal ** 2 / 2 + d - d * v + d * Math.log(v))
      return { log: Math.log(d * v), power: Math.log(power) }
  }
}
