/**
 * Gradient accumulation: `every` batches make one update, of the gradient that all their images in one batch would have. A batch counts
 * by the class weights of its labels, as it does in the mean of a loss. The last group of an epoch may be smaller.
 */
import { IGNORED_LABEL } from '../data/loader.ts'
import type { StepValues } from './step-scalars.ts'

/** What a step does with its gradients: see `stepScalars`. gradientScale 0 makes no update. */
export type Gathered = Required<Pick<StepValues, 'carried' | 'batchWeight' | 'gradientScale'>>

/** Called with the labels of each batch of an epoch, in order. */
export function gathering(
  every: number,
  classWeights: readonly number[] | null,
): (labels: Uint32Array, last: boolean) => Gathered {
  let batches = 0
  let weight = 0
  return (labels, last) => {
    if (every === 1) return { carried: 0, batchWeight: 1, gradientScale: 1 }
    const carried = batches > 0 ? 1 : 0
    const batchWeight = meanWeight(labels, classWeights)
    batches++
    weight += batchWeight
    if (batches < every && !last) return { carried, batchWeight, gradientScale: 0 }
    const gradientScale = 1 / weight
    batches = 0
    weight = 0
    return { carried, batchWeight, gradientScale }
  }
}

/** Σ of the labels' weights over the size of the batch: 1 for a full one without class weights. */
function meanWeight(labels: Uint32Array, classWeights: readonly number[] | null): number {
  let sum = 0
  for (const label of labels) if (label !== IGNORED_LABEL) sum += classWeights?.[label] ?? 1
  return sum / labels.length
}
