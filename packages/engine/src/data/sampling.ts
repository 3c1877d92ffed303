/** In which order an epoch takes the images of a source: a pure function of the seed and the epoch. */
import type { ImageSource } from './image-source.ts'
import { Purpose, permutation, philox } from './random.ts'

/**
 * shuffle: every image once, in a new order each epoch. sequential: every image once, in the source's order. balanced: as many draws as
 * there are images, with replacement, every class equally likely. Numbers: the same with the images' own weights, of any scale.
 */
export type Sampling = SamplingName | readonly number[]
export type SamplingName = 'shuffle' | 'balanced' | 'sequential'

export const samplingNames: readonly SamplingName[] = ['shuffle', 'balanced', 'sequential']

/** The images of one epoch. Throws RangeError for weights that are none. */
export function sampleOrder(
  { length, labels, classes }: Pick<ImageSource, 'length' | 'labels' | 'classes'>,
  sampling: Sampling,
  seed: number,
  epoch: number,
): Uint32Array {
  if (sampling === 'shuffle') return permutation(length, seed, epoch)
  if (sampling === 'sequential') return Uint32Array.from({ length }, (_, i) => i)
  return weightedDraws(sampling === 'balanced' ? balance(labels, classes.length) : sampling, length, seed, epoch)
}

/** Weights by which each class is drawn equally often. */
function balance(labels: Uint32Array, classes: number): number[] {
  const counts = new Uint32Array(classes)
  for (const label of labels) counts[label] = (counts[label] as number) + 1
  return Array.from(labels, (label) => 1 / (counts[label] as number))
}

/** n draws with replacement in proportion to the weights, as torch's WeightedRandomSampler: draw i inverts the sum of weights at a uniform of its own. */
function weightedDraws(weights: readonly number[], n: number, seed: number, epoch: number): Uint32Array {
  if (weights.length !== n)
    throw new RangeError(`${n} images need ${n} weights to be sampled by, not ${weights.length}`)
  const sums = new Float64Array(n)
  let total = 0
  for (const [i, weight] of weights.entries()) {
    if (!(weight >= 0 && weight < Infinity))
      throw new RangeError(`weight ${i} is ${weight}: weights are numbers from 0`)
    sums[i] = total += weight
  }
  if (total === 0) throw new RangeError('every weight to sample by is 0: one at least must be larger')
  return Uint32Array.from({ length: n }, (_, i) => {
    const [high, low] = philox(i, epoch, 0, 0, seed, Purpose.sample)
    const uniform = (high * 2 ** 21 + (low >>> 11)) / 2 ** 53
    return firstAbove(sums, uniform * total)
  })
}

/** The first place whose sum is above `value`; sums ascend. */
function firstAbove(sums: Float64Array, value: number): number {
  let low = 0
  let high = sums.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sums[middle] as number) > value) high = middle
    else low = middle + 1
  }
  return low
}
