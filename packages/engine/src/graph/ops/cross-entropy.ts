import { crossEntropy as crossEntropyKernel, recordLoss as recordLossKernel } from '../../kernels/loss.ts'
import type { Graph } from '../graph.ts'
import { elementsOf, type Tensor } from '../tensor.ts'

/**
 * Loss of each sample, and the gradient of their mean (by the classes' `weights` [classes], if they have any) with respect to the
 * logits, times the loss scale if there is one: where the backward pass starts. `partners` [n, 2] are the labels that samples are
 * mixed with, if they are.
 */
export function crossEntropy(
  graph: Graph,
  logits: Tensor,
  labels: Tensor,
  classes: number,
  smoothing: number,
  weights: Tensor | null,
  lossScale: Tensor | null,
  partners: Tensor | null = null,
): { losses: Tensor; dlogits: Tensor } {
  const n = elementsOf(labels)
  const columns = elementsOf(logits) / n
  const flags = { mixed: partners !== null, weighted: weights !== null, scaled: lossScale !== null }
  const c = { n, classes, columns, smoothing, ...flags }
  const optional = [partners, weights, lossScale].filter((tensor) => tensor !== null)
  const losses = graph.activation('losses', [n])
  const dlogits = graph.activation('d logits', logits.shape)
  graph.add({
    op: 'crossEntropy',
    inputs: [logits, labels, ...optional],
    outputs: [losses, dlogits],
    lower: (l) => l.emit(crossEntropyKernel(c), logits, labels, ...optional, losses, dlogits),
  })
  return { losses, dlogits }
}

/** Leaves the batch's mean loss in `ring`, in the slot of this step. */
export function recordLoss(
  graph: Graph,
  losses: Tensor,
  labels: Tensor,
  weights: Tensor | null,
  step: Tensor,
  ring: Tensor,
): void {
  const extra = weights ? [weights] : []
  const kernel = recordLossKernel(elementsOf(labels), elementsOf(ring), weights !== null)
  graph.add({
    op: 'recordLoss',
    inputs: [losses, labels, ...extra, step],
    outputs: [ring],
    lower: (l) => l.emit(kernel, losses, labels, ...extra, step, ring),
  })
}
