/** The graphs of a training run: one step, and one batch of evaluation. */
import { backward, Graph } from '../graph/graph.ts'
import { crossEntropy, recordLoss } from '../graph/ops/cross-entropy.ts'
import { optimize } from '../graph/ops/optimize.ts'
import type { Tensor } from '../graph/tensor.ts'
import type { ParameterStretch } from '../nn/parameters.ts'
import { headGroup, type ResNet } from '../nn/resnet.ts'
import type { OptimizerName } from './spec.ts'
import { stepScalars } from './step-scalars.ts'

/** Slots of the loss ring: how many steps may pass between two reads. */
export const lossSlots = 256

export interface BatchShape {
  batch: number
  size: number
}

export interface EvaluationGraph {
  graph: Graph
  /** [batch, size, size], packed RGBA. */
  pixels: Tensor
  /** [batch, 1, 1, classes padded]. */
  logits: Tensor
}

export interface TrainingGraph extends EvaluationGraph {
  /** [batch] u32. */
  labels: Tensor
  step: Tensor
  /** [lossSlots]: mean loss of step s in slot s % lossSlots. */
  losses: Tensor
}

/** What moves in a phase: everything, or with a frozen body its batch norms and the head (fastai's `train_bn`). */
export const trains = (p: Pick<ParameterStretch, 'group' | 'bodyNorm'>, frozen: boolean): boolean =>
  !frozen || p.group === headGroup || p.bodyNorm

/** Inference by running statistics. */
export function evaluationGraph(model: ResNet, { batch, size }: BatchShape): EvaluationGraph {
  const graph = new Graph()
  const pixels = graph.io('pixels', [batch, size, size], 'u32')
  const step = graph.io('step', [stepScalars.words], 'u32')
  const logits = graph.keep(model.forward(graph, pixels, { training: false, step }))
  return { graph, pixels, logits }
}

/** Forward, loss, backward and update. Without an optimiser the gradients are left in the store. */
export function trainingGraph(
  model: ResNet,
  { batch, size }: BatchShape,
  options: { optimizer: OptimizerName | null; labelSmoothing: number; frozen: boolean },
): TrainingGraph {
  const graph = new Graph()
  const pixels = graph.io('pixels', [batch, size, size], 'u32')
  const labels = graph.io('labels', [batch], 'u32')
  const step = graph.io('step', [stepScalars.words], 'u32')
  const ring = graph.io('loss ring', [lossSlots])
  const logits = graph.keep(model.forward(graph, pixels, { training: true, step }))
  const { losses, dlogits } = crossEntropy(graph, logits, labels, model.classes.length, options.labelSmoothing)
  recordLoss(graph, losses, labels, step, ring)

  const moving = model.stretches.filter((stretch) => trains(stretch, options.frozen))
  const wanted = new Set<Tensor>()
  for (const p of model.parameters.values()) if (trains(p, options.frozen)) wanted.add(p.tensor)
  backward(graph, logits, dlogits, wanted)
  if (options.optimizer) {
    for (const { group, decay, offset, elements } of moving) {
      optimize(graph, options.optimizer, { elements, group, decay }, offset, step)
    }
  }
  return { graph, pixels, labels, step, logits, losses: ring }
}
