/** A convolution with its batch norm and what follows: one node, so that the kernels of one can do part of the other's work. */
import { batchNormApply } from '../../kernels/batch-norm.ts'
import { momentsLeft } from '../../kernels/conv2d/conv2d.epilogue.ts'
import type { Graph } from '../graph.ts'
import type { Tensor } from '../tensor.ts'
import {
  type BatchNormTensors,
  batchNormEvaluationGradient,
  batchNormGradient,
  describe,
  type Follow,
  lowerFinish,
  shortcutOf,
  tailOf,
} from './batch-norm.ts'
import {
  bindableVariant,
  type Convolution,
  convolutionGradients,
  type Following,
  lowerForward,
  planConvolution,
} from './conv2d.ts'
import { reluGradientOf } from './elementwise.ts'

/**
 * Convolves x and normalises by the statistics of the result, whose moments the convolution leaves; moves the running statistics.
 */
export function convNormTraining(graph: Graph, convolution: Convolution, t: BatchNormTensors, follow: Follow): Tensor {
  const { x, filter } = convolution
  const { c, name, shape } = planConvolution(convolution)
  const shortcut = shortcutOf(follow)
  const y = graph.activation(name, shape, x.type)
  const z = graph.activation(`${name} normalised`, shape, x.type)
  const saved = graph.activation(`${name} mean and scale`, [2, c.co])
  graph.add({
    op: 'convNorm',
    inputs: [x, filter, t.gamma, t.beta, ...shortcut],
    outputs: [z, y, saved],
    lower(l) {
      const windows = l.windows(x, y)
      const taken = windows.map(({ images, view }) => {
        const part = { ...c, n: images }
        const variant = bindableVariant('forward', part, l.target)
        const rows = describe(view(y))
        const { moments, block } = momentsLeft(variant, part)
        const parts = l.scratch('parts', [moments.parts, 2, c.co])
        const following: Following = { epilogue: { kind: 'moments' }, reads: [], writes: [parts] }
        lowerForward(l, part, variant, [view(x), filter, view(y)], following)
        return { b: rows, moments, block, parts }
      })
      lowerFinish(l, describe(y), taken, saved, t)
      for (const { view } of windows) {
        const kernel = batchNormApply(describe(view(y)), tailOf(follow))
        l.emit(kernel, view(y), saved, t.gamma, t.beta, ...shortcut.map(view), view(z))
      }
    },
    addsGradients: shortcut.length > 0,
    gradient(dz, wants, other) {
      // Behind a shortcut the masked gradient goes two ways, so it is made once; a plain ReLU masks as it goes.
      const masked = shortcut.length > 0 ? reluGradientOf(graph, z, dz, other) : dz
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
  const vectors = [t.runningMean, t.runningVariance, t.gamma, t.beta]
  const shortcut = shortcutOf(follow)
  const z = graph.activation(`${name} normalised`, shape, x.type)
  graph.add({
    op: 'convNorm.evaluate',
    inputs: [x, filter, ...vectors, ...shortcut],
    outputs: [z],
    lower(l) {
      for (const { images, view } of l.windows(x, z)) {
        const part = { ...c, n: images }
        const following: Following = {
          epilogue: { kind: 'normalise', tail: tailOf(follow) },
          reads: [...vectors, ...shortcut.map(view)],
          writes: [],
        }
        lowerForward(l, part, bindableVariant('forward', part, l.target), [view(x), filter, view(z)], following)
      }
    },
    addsGradients: shortcut.length > 0,
    gradient(dz, wants, other) {
      const masked = follow === null ? dz : reluGradientOf(graph, z, dz, other)
      const dy = wants(x) ? batchNormEvaluationGradient(graph, z, t, masked) : null
      const dx = dy && convolutionGradients(graph, convolution, dy, (input) => input === x)[0]
      return [dx, null, ...vectors.map(() => null), ...shortcut.map(() => masked)]
    },
  })
  return z
}
