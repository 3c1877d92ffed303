import { crossEntropy as crossEntropyKernel, recordLoss as recordLossKernel } from '../../kernels/loss.ts'
import type { Graph } from '../graph.ts'
import { elementsOf, type Tensor } from '../tensor.ts'

/**
 * Loss of each sample, and the gradient of their mean with respect to the logits, times the loss scale if there is one: where the
 * backward pass starts.
 */
export function crossEntropy(
  graph: Graph,
  logits: Tensor,
  labels: Tensor,
  classes: number,
  smoothing: number,
  lossScale: Tensor | null,
): { losses: Tensor; dlogits: Tensor } {
  const n = elementsOf(labels)
  const columns = elementsOf(logits) / n
  const c = { n, classes, columns, smoothing, scaled: lossScale !== null }
  const scale = lossScale ? [lossScale] : []
  const losses = graph.activation('losses', [n])
  const dlogits = graph.activation('d logits', logits.shape)
  graph.add({
    op: 'crossEntropy',
    inputs: [logits, labels, ...scale],
    outputs: [losses, dlogits],
    lower: (l) => l.emit(crossEntropyKernel(c), logits, labels, ...scale, losses, dlogits),
  })
  return { losses, dlogits }
}

/** Leaves the batch's mean loss in `ring`, in the slot of this step. */
export function recordLoss(graph: Graph, losses: Tensor, labels: Tensor, step: Tensor, ring: Tensor): void {
  graph.add({
    op: 'recordLoss',
    inputs: [losses, labels, step],
    outputs: [ring],
    lower: (l) => l.emit(recordLossKernel(elementsOf(labels), elementsOf(ring)), losses, labels, step, ring),
  })
}
