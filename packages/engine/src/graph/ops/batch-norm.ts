import {
  type BatchNorm,
  batchNormApply,
  batchNormEvaluate,
  batchNormFinish,
  batchNormGradientFinish,
  batchNormGradientParts,
  batchNormInputGradient,
  batchNormParts,
  partsOf,
  type Tail,
} from '../../kernels/batch-norm.ts'
import type { Graph } from '../graph.ts'
import { elementsOf, type Tensor } from '../tensor.ts'

/** The four vectors [channels] of a batch norm: two parameters, two running statistics. */
export interface BatchNormTensors {
  gamma: Tensor
  beta: Tensor
  runningMean: Tensor
  runningVariance: Tensor
}

/** What follows the batch norm, done by the same kernel: nothing, ReLU, or a shortcut's sum and ReLU. */
export type Follow = null | 'relu' | { shortcut: Tensor }

export const describe = (x: Tensor): BatchNorm => {
  const channels = x.shape.at(-1) ?? 0
  return { rows: elementsOf(x) / channels, channels }
}

export const tailOf = (follow: Follow): Tail => (follow === null ? 'none' : follow === 'relu' ? 'relu' : 'shortcut')

export const shortcutOf = (follow: Follow): Tensor[] => (follow !== null && follow !== 'relu' ? [follow.shortcut] : [])

/** Normalises x [.., channels] by the statistics of its own rows, and moves the running ones. */
export function batchNormTraining(graph: Graph, x: Tensor, t: BatchNormTensors): Tensor {
  const b = describe(x)
  const y = graph.activation(`${x.name} normalised`, x.shape)
  const saved = graph.activation(`${x.name} mean and scale`, [2, b.channels])
  graph.add({
    op: 'batchNorm',
    inputs: [x, t.gamma, t.beta],
    outputs: [y, saved],
    lower(l) {
      const parts = l.scratch('parts', [partsOf(b).parts, 2, b.channels])
      l.emit(batchNormParts(b), x, parts)
      l.emit(batchNormFinish(b), parts, saved, t.runningMean, t.runningVariance)
      l.emit(batchNormApply(b), x, saved, t.gamma, t.beta, y)
    },
    gradient: (dy, wants) => batchNormGradient(graph, x, saved, t, dy, false, wants),
  })
  return y
}

/** Gradients of x, gamma and beta; with `relu`, dy is that of max(y, 0). */
export function batchNormGradient(
  graph: Graph,
  x: Tensor,
  saved: Tensor,
  t: BatchNormTensors,
  dy: Tensor,
  relu: boolean,
  wants: (input: Tensor) => boolean,
): (Tensor | null)[] {
  const b = describe(x)
  // Both vectors are needed for dx even where the parameters are frozen.
  const dgamma = wants(t.gamma) ? graph.gradient(t.gamma) : graph.activation('unused d gamma', t.gamma.shape)
  const dbeta = wants(t.beta) ? graph.gradient(t.beta) : graph.activation('unused d beta', t.beta.shape)
  const dx = wants(x) ? graph.activation(`d ${x.name}`, x.shape) : null
  graph.add({
    op: 'batchNorm.gradient',
    inputs: [x, saved, t.gamma, ...(relu ? [t.beta] : []), dy],
    outputs: dx ? [dx, dgamma, dbeta] : [dgamma, dbeta],
    lower(l) {
      const sums = l.scratch('parts', [partsOf(b).parts, 2, b.channels])
      l.emit(batchNormGradientParts(b, relu), x, saved, ...(relu ? [t.gamma, t.beta] : []), dy, sums)
      l.emit(batchNormGradientFinish(b), sums, dgamma, dbeta)
      const vectors = relu ? [saved, t.gamma, t.beta] : [saved, t.gamma]
      if (dx) l.emit(batchNormInputGradient(b, relu), x, ...vectors, dy, dgamma, dbeta, dx)
    },
  })
  return [dx, dgamma, dbeta]
}

/** Normalises x [.., channels] by the running statistics. */
export function batchNormEvaluation(graph: Graph, x: Tensor, t: BatchNormTensors): Tensor {
  const b = describe(x)
  const y = graph.activation(`${x.name} normalised`, x.shape)
  const vectors = [t.runningMean, t.runningVariance, t.gamma, t.beta]
  graph.add({
    op: 'batchNorm.evaluate',
    inputs: [x, ...vectors],
    outputs: [y],
    lower: (l) => l.emit(batchNormEvaluate(b), x, ...vectors, y),
  })
  return y
}
