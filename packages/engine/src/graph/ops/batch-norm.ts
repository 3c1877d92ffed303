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

const describe = (x: Tensor): BatchNorm => {
  const channels = x.shape.at(-1) ?? 0
  return { rows: elementsOf(x) / channels, channels }
}

/** Normalises x [.., channels] by the statistics of its own rows, and moves the running ones. */
export function batchNormTraining(graph: Graph, x: Tensor, t: BatchNormTensors): Tensor {
  const b = describe(x)
  const { parts } = partsOf(b)
  const y = graph.activation(`${x.name} normalised`, x.shape)
  const saved = graph.activation(`${x.name} mean and scale`, [2, b.channels])
  graph.add({
    op: 'batchNorm',
    inputs: [x, t.gamma, t.beta],
    outputs: [y, saved],
    lower(l) {
      const sums = l.scratch('parts', [parts, 2, b.channels])
      l.emit(batchNormParts(b), x, sums)
      l.emit(batchNormFinish(b), x, sums, saved, t.runningMean, t.runningVariance)
      l.emit(batchNormApply(b), x, saved, t.gamma, t.beta, y)
    },
    gradient(dy, wants) {
      // Both vectors are needed for dx even where the parameters are frozen.
      const dgamma = wants(t.gamma) ? graph.gradient(t.gamma) : graph.activation('unused d gamma', t.gamma.shape)
      const dbeta = wants(t.beta) ? graph.gradient(t.beta) : graph.activation('unused d beta', t.beta.shape)
      const dx = wants(x) ? graph.activation(`d ${x.name}`, x.shape) : null
      graph.add({
        op: 'batchNorm.gradient',
        inputs: [x, saved, t.gamma, dy],
        outputs: dx ? [dx, dgamma, dbeta] : [dgamma, dbeta],
        lower(l) {
          const sums = l.scratch('parts', [parts, 2, b.channels])
          l.emit(batchNormGradientParts(b), x, saved, dy, sums)
          l.emit(batchNormGradientFinish(b), sums, dgamma, dbeta)
          if (dx) l.emit(batchNormInputGradient(b), x, saved, t.gamma, dy, dgamma, dbeta, dx)
        },
      })
      return [dx, dgamma, dbeta]
    },
  })
  return y
}

/** Normalises x [.., channels] by the running statistics. */
export function batchNormEvaluation(graph: Graph, x: Tensor, t: BatchNormTensors): Tensor {
  const b = describe(x)
  const y = graph.activation(`${x.name} normalised`, x.shape)
  graph.add({
    op: 'batchNorm.evaluate',
    inputs: [x, t.runningMean, t.runningVariance, t.gamma, t.beta],
    outputs: [y],
    lower: (l) => l.emit(batchNormEvaluate(b), x, t.runningMean, t.runningVariance, t.gamma, t.beta, y),
  })
  return y
}
