import { findOverflow, lossScaleWords, moveLossScale, overflowParts } from '../../kernels/loss-scale.ts'
import type { Graph } from '../graph.ts'
import { elementsOf, type Tensor } from '../tensor.ts'

/** The store's words of loss scaling (kernels/loss-scale.ts). */
export const lossScaleTensor = (): Tensor => ({
  name: 'loss scale',
  shape: [lossScaleWords.words],
  type: 'f32',
  place: { in: 'lossScale', offset: 0 },
})

/**
 * Appends what stands between a backward pass and its update: whether one of the flat `gradients` has overflowed, and what the scale
 * becomes.
 */
export function settleLossScale(graph: Graph, gradients: readonly Tensor[], step: Tensor, lossScale: Tensor): void {
  graph.add({
    op: 'lossScale',
    inputs: [...gradients, step],
    outputs: [lossScale],
    lower(l) {
      const flags: Tensor[] = []
      for (const gradient of gradients) {
        for (const { view } of l.windows(gradient)) {
          const elements = elementsOf(view(gradient))
          const found = l.scratch('flags', [overflowParts(elements)])
          l.emit(findOverflow(elements), view(gradient), found)
          flags.push(found)
        }
      }
      l.emit(moveLossScale(flags.map(elementsOf)), step, ...flags, lossScale)
    },
  })
}
