import {
  type BatchNorm,
  batchNormApply,
  batchNormEvaluate,
  batchNormEvaluateGradient,
  batchNormFinish,
  batchNormGradientFinish,
  batchNormGradientParts,
  batchNormInputGradient,
  batchNormParts,
  fewerMoments,
  type Moments,
  mergeWindow,
  momentsOf,
  partsOf,
  shareOf,
  type Tail,
  windowMoments,
} from '../../kernels/batch-norm.ts'
import type { Graph, Lowering } from '../graph.ts'
import { activationType, elementsOf, type Tensor, viewOf } from '../tensor.ts'
import { alignedMultiple } from '../windows.ts'

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
  return { rows: elementsOf(x) / channels, channels, type: activationType(x) }
}

export const tailOf = (follow: Follow): Tail => (follow === null ? 'none' : follow === 'relu' ? 'relu' : 'shortcut')

export const shortcutOf = (follow: Follow): Tensor[] => (follow !== null && follow !== 'relu' ? [follow.shortcut] : [])

/** Normalises x [.., channels] by the statistics of its own rows, and moves the running ones. */
export function batchNormTraining(graph: Graph, x: Tensor, t: BatchNormTensors): Tensor {
  const b = describe(x)
  const y = graph.activation(`${x.name} normalised`, x.shape, x.type)
  const saved = graph.activation(`${x.name} mean and scale`, [2, b.channels])
  graph.add({
    op: 'batchNorm',
    inputs: [x, t.gamma, t.beta],
    outputs: [y, saved],
    lower(l) {
      const windows = l.windows(x)
      const taken = windows.map(({ view }) => {
        const rows = describe(view(x))
        const parts = l.scratch('parts', [partsOf(rows).parts, 2, b.channels])
        l.emit(batchNormParts(rows), view(x), parts)
        return { b: rows, moments: momentsOf(rows), block: partsOf(rows).length, parts }
      })
      lowerFinish(l, b, taken, saved, t)
      for (const { view } of windows)
        l.emit(batchNormApply(describe(view(x))), view(x), saved, t.gamma, t.beta, view(y))
    },
    gradient: (dy, wants) => batchNormGradient(graph, x, saved, t, dy, false, wants),
  })
  return y
}

/** Moments of a window of rows `b`, in blocks of `block` neighbouring rows. */
export interface TakenMoments {
  b: BatchNorm
  moments: Moments
  block: number
  parts: Tensor
}

/** Puts the moments of all windows together, in `saved` and the running statistics. */
export function lowerFinish(
  l: Lowering,
  b: BatchNorm,
  taken: readonly TakenMoments[],
  saved: Tensor,
  t: BatchNormTensors,
): void {
  const few = taken.map((window) => lowerFewer(l, window))
  const [first, ...others] = few
  if (!first) return
  if (others.length === 0) {
    return void l.emit(batchNormFinish(b, first.moments), first.parts, saved, t.runningMean, t.runningVariance)
  }
  // Windows are as long as the first, but for the last. What each leaves begins where a binding may.
  const step = alignedMultiple(8 * b.channels)
  const moments = windowMoments(b.rows, first.b.rows, step)
  const all = l.scratch('parts of windows', [moments.parts, 2, b.channels])
  for (const [i, window] of few.entries()) {
    const own = viewOf(all, [step, 2, b.channels], i * step * 2 * b.channels)
    l.emit(mergeWindow(window.b, window.moments, step), window.parts, own)
  }
  l.emit(batchNormFinish(b, moments), all, saved, t.runningMean, t.runningVariance)
}

function lowerFewer(l: Lowering, taken: TakenMoments): TakenMoments {
  const fewer = fewerMoments(taken.b, taken.moments, taken.block)
  if (!fewer) return taken
  const parts = l.scratch('merged parts', [fewer.moments.parts, 2, taken.b.channels])
  l.emit(fewer.kernel, taken.parts, parts)
  return { ...taken, moments: fewer.moments, parts }
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
  const dx = wants(x) ? graph.activation(`d ${x.name}`, x.shape, x.type) : null
  graph.add({
    op: 'batchNorm.gradient',
    inputs: [x, saved, t.gamma, ...(relu ? [t.beta] : []), dy],
    outputs: dx ? [dx, dgamma, dbeta] : [dgamma, dbeta],
    lower(l) {
      // Each window's parts begin where a binding may.
      const step = alignedMultiple(8 * b.channels)
      const windows = l.windows(x).map(({ view, whole }) => {
        const { rows } = describe(view(x))
        return { view, rows, share: whole ? partsOf(b) : shareOf(b, rows, step) }
      })
      const count = windows.reduce((sum, { share }) => sum + share.parts, 0)
      const sums = l.scratch('parts', [count, 2, b.channels])
      let first = 0
      for (const { view, rows, share } of windows) {
        const own = windows.length > 1 ? viewOf(sums, [share.parts, 2, b.channels], first * 2 * b.channels) : sums
        const vectors = relu ? [saved, t.gamma, t.beta] : [saved]
        l.emit(batchNormGradientParts(b, relu, { rows, parts: share.parts }), view(x), ...vectors, view(dy), own)
        first += share.parts
      }
      l.emit(batchNormGradientFinish(b), sums, dgamma, dbeta)
      if (!dx) return
      const vectors = relu ? [saved, t.gamma, t.beta] : [saved, t.gamma]
      for (const { view, rows } of windows)
        l.emit(batchNormInputGradient(b, relu, rows), view(x), ...vectors, view(dy), dgamma, dbeta, view(dx))
    },
  })
  return [dx, dgamma, dbeta]
}

/** Normalises x [.., channels] by the running statistics. */
export function batchNormEvaluation(graph: Graph, x: Tensor, t: BatchNormTensors): Tensor {
  const y = graph.activation(`${x.name} normalised`, x.shape, x.type)
  const vectors = [t.runningMean, t.runningVariance, t.gamma, t.beta]
  graph.add({
    op: 'batchNorm.evaluate',
    inputs: [x, ...vectors],
    outputs: [y],
    lower(l) {
      for (const { view } of l.windows(x)) l.emit(batchNormEvaluate(describe(view(x))), view(x), ...vectors, view(y))
    },
    gradient: (dy) => [batchNormEvaluationGradient(graph, x, t, dy)],
  })
  return y
}

/** The gradient of x, normalised by the running statistics, from that of the result. Those and γ, β learn nothing by it. */
export function batchNormEvaluationGradient(graph: Graph, x: Tensor, t: BatchNormTensors, dy: Tensor): Tensor {
  const dx = graph.activation(`d ${x.name}`, dy.shape, dy.type)
  graph.add({
    op: 'batchNorm.evaluate.gradient',
    inputs: [dy, t.runningVariance, t.gamma],
    outputs: [dx],
    lower(l) {
      for (const { view } of l.windows(dy))
        l.emit(batchNormEvaluateGradient(describe(view(dy))), view(dy), t.runningVariance, t.gamma, view(dx))
    },
  })
  return dx
}
