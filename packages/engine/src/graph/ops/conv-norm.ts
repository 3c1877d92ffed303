/** A convolution with its batch norm and what follows: one node, so that the kernels of one can do part of the other's work. */
import { batchNormApply, batchNormFinish, fewerMoments } from '../../kernels/batch-norm.ts'
import { momentsLeft } from '../../kernels/conv2d/conv2d.epilogue.ts'
import { variantFor } from '../../kernels/conv2d/conv2d.variants.ts'
import type { Graph } from '../graph.ts'
import type { Tensor } from '../tensor.ts'
import { type BatchNormTensors, batchNormGradient, describe, type Follow, shortcutOf, tailOf } from './batch-norm.ts'
import { type Convolution, convolutionGradients, type Following, lowerForward, planConvolution } from './conv2d.ts'
import { reluGradientOf } from './elementwise.ts'

/**
 * Convolves x and normalises by the statistics of the result, whose moments the convolution leaves; moves the running statistics.
 */
export function convNormTraining(graph: Graph, convolution: Convolution, t: BatchNormTensors, follow: Follow): Tensor {
  const { x, filter } = convolution
  const { c, name, shape } = planConvolution(convolution)
  const shortcut = shortcutOf(follow)
  const y = graph.activation(name, shape)
  const z = graph.activation(`${name} normalised`, shape)
  const saved = graph.activation(`${name} mean and scale`, [2, c.co])
  const b = describe(y)
  graph.add({
    op: 'convNorm',
    inputs: [x, filter, t.gamma, t.beta, ...shortcut],
    outputs: [z, y, saved],
    lower(l) {
      const variant = variantFor('forward', c, l.target)
      const { moments, block } = momentsLeft(variant, c)
      let parts = l.scratch('parts', [moments.parts, 2, b.channels])
      const following: Following = { epilogue: { kind: 'moments' }, reads: [], writes: [parts] }
      lowerForward(l, c, variant, [x, filter, y], following)
      const fewer = fewerMoments(b, moments, block)
      if (fewer) {
        const merged = l.scratch('merged parts', [fewer.moments.parts, 2, b.channels])
        l.emit(fewer.kernel, parts, merged)
        parts = merged
      }
      l.emit(batchNormFinish(b, fewer?.moments ?? moments), parts, saved, t.runningMean, t.runningVariance)
      l.emit(batchNormApply(b, tailOf(follow)), y, saved, t.gamma, t.beta, ...shortcut, z)
    },
    gradient(dz, wants) {
      // Behind a shortcut the masked gradient goes two ways, so it is made once; a plain ReLU masks as it goes.
      const masked = shortcut.length > 0 ? reluGradientOf(graph, z, dz) : dz
      const wantsInner = (input: Tensor): boolean => (input === y ? wants(x) || wants(filter) : wants(input))
      const [dy = null, ...dnorm] = batchNormGradient(graph, y, saved, t, masked, follow === 'relu', wantsInner)
      const inner = dy ? convolutionGradients(graph, convolution, dy, wants) : [null, null]
      return [...inner, ...dnorm, ...shortcut.map(() => masked)]
    },
  })
  return z
}

/** Convolves x and normalises by the running statistics, in one kernel. */
export function convNormEvaluation(
  graph: Graph,
  convolution: Convolution,
  t: BatchNormTensors,
  follow: Follow,
): Tensor {
  const { x, filter } = convolution
  const { c, name, shape } = planConvolution(convolution)
  const vectors = [t.runningMean, t.runningVariance, t.gamma, t.beta, ...shortcutOf(follow)]
  const z = graph.activation(`${name} normalised`, shape)
  graph.add({
    op: 'convNorm.evaluate',
    inputs: [x, filter, ...vectors],
    outputs: [z],
    lower(l) {
      const variant = variantFor('forward', c, l.target)
      const following: Following = {
        epilogue: { kind: 'normalise', tail: tailOf(follow) },
        reads: vectors,
        writes: [],
      }
      lowerForward(l, c, variant, [x, filter, z], following)
    },
  })
  return z
}
