/** The graphs of a training run: one step, and one batch of evaluation. */
import { backward, Graph } from '../graph/graph.ts'
import { crossEntropy, recordLoss } from '../graph/ops/cross-entropy.ts'
import { lossScaleTensor, settleLossScale } from '../graph/ops/loss-scale.ts'
import { optimize } from '../graph/ops/optimize.ts'
import type { Tensor } from '../graph/tensor.ts'
import type { ParameterStretch } from '../nn/parameters.ts'
import { headGroup, type ResNet } from '../nn/resnet.ts'
import type { OptimizerName, Precision } from './spec.ts'
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

/**
 * Inference by running statistics, in f32 however the network was trained: what validation tells of a model is what everybody who
 * loads it gets.
 */
export function evaluationGraph(model: ResNet, { batch, size }: BatchShape): EvaluationGraph {
  const graph = new Graph()
  const pixels = graph.io('pixels', [batch, size, size], 'u32')
  const step = graph.io('step', [stepScalars.words], 'u32')
  const logits = graph.keep(model.forward(graph, pixels, { training: false, activations: 'f32', step }))
  return { graph, pixels, logits }
}

/**
 * Forward, loss, backward and update. Without an optimiser the gradients are left in the store. Precision `mixed` (default f32) stores the body's
 * activations and their gradients in f16, and scales the loss by the store's `lossScale`, as then are the gradients left in the store.
 */
export function trainingGraph(
  model: ResNet,
  { batch, size }: BatchShape,
  options: { optimizer: OptimizerName | null; labelSmoothing: number; frozen: boolean; precision?: Precision },
): TrainingGraph {
  const graph = new Graph()
  const pixels = graph.io('pixels', [batch, size, size], 'u32')
  const labels = graph.io('labels', [batch], 'u32')
  const step = graph.io('step', [stepScalars.words], 'u32')
  const ring = graph.io('loss ring', [lossSlots])
  const mixed = options.precision === 'mixed'
  const lossScale = mixed ? lossScaleTensor() : null
  const logits = graph.keep(model.forward(graph, pixels, { training: true, activations: mixed ? 'f16' : 'f32', step }))
  const classes = model.classes.length
  const { losses, dlogits } = crossEntropy(graph, logits, labels, classes, options.labelSmoothing, lossScale)
  recordLoss(graph, losses, labels, step, ring)

  const moving = model.stretches.filter((stretch) => trains(stretch, options.frozen))
  const wanted = new Set<Tensor>()
  for (const p of model.parameters.values()) if (trains(p, options.frozen)) wanted.add(p.tensor)
  backward(graph, logits, dlogits, wanted)
  if (options.optimizer) {
    if (lossScale) settleLossScale(graph, joined(moving), step, lossScale)
    for (const { group, decay, offset, elements } of moving) {
      optimize(graph, options.optimizer, { elements, group, decay }, offset, step, lossScale)
    }
  }
  return { graph, pixels, labels, step, logits, losses: ring }
}

/** Stretches in order of offset, neighbours made one. */
function joined(stretches: readonly ParameterStretch[]): { offset: number; elements: number }[] {
  const ranges: { offset: number; elements: number }[] = []
  for (const { offset, elements } of stretches) {
    const last = ranges.at(-1)
    if (last && last.offset + last.elements === offset) last.elements += elements
    else ranges.push({ offset, elements })
  }
  return ranges
}
