import { type Epilogue, none } from '../../kernels/conv2d/conv2d.epilogue.ts'
import { chooseSplits, conv2dFilterGradient } from '../../kernels/conv2d/conv2d.filter-gradient.ts'
import { conv2dForward } from '../../kernels/conv2d/conv2d.forward.ts'
import { conv2dInputGradient, takesTransposed } from '../../kernels/conv2d/conv2d.input-gradient.ts'
import { sumParts } from '../../kernels/conv2d/conv2d.sum-parts.ts'
import { transposeFilter } from '../../kernels/conv2d/conv2d.transpose-filter.ts'
import { type Conv2d, outputSize, type Variant } from '../../kernels/conv2d/conv2d.ts'
import { type Pass, variantFor } from '../../kernels/conv2d/conv2d.variants.ts'
import { adjoint, tilesOf } from '../../kernels/conv2d/conv2d.winograd.ts'
import type { Graph, Lowering, LoweringTarget } from '../graph.ts'
import { activationType, bytesOf, elementsOf, nhwc, type Tensor, viewOf } from '../tensor.ts'
import { alignedMultiple, roundUp } from '../windows.ts'
import { lowerWinogradFilterGradient, lowerWinogradForward, lowerWinogradInputGradient } from './conv2d.winograd.ts'

export interface Convolution {
  /** [n, h, w, ci]. */
  x: Tensor
  /** [k, k, ci, co]. */
  filter: Tensor
  stride?: number
  padding?: number
}

/** What a convolution computes, and what its result is called and shaped; its type is that of x. */
export interface ConvolutionPlan {
  c: Conv2d
  name: string
  shape: number[]
}

export function planConvolution({ x, filter, stride = 1, padding = 0 }: Convolution): ConvolutionPlan {
  const { n, h, w, channels } = nhwc(x)
  const { n: kernel, w: ci, channels: co } = nhwc(filter)
  if (channels !== ci) throw new Error(`${filter.name} takes ${ci} channels, ${x.name} has ${channels}`)
  const c: Conv2d = { n, h, w, ci, co, kernel, stride, padding, type: activationType(x) }
  const { oh, ow } = outputSize(c)
  return { c, name: filter.name.replace(/\.weight$/, ''), shape: [n, oh, ow, co] }
}

/** x ∗ filter → [n, oh, ow, co]. */
export function conv2d(graph: Graph, convolution: Convolution): Tensor {
  const { x, filter } = convolution
  const { c, name, shape } = planConvolution(convolution)
  const y = graph.activation(name, shape, x.type)
  graph.add({
    op: 'conv2d',
    inputs: [x, filter],
    outputs: [y],
    lower(l) {
      for (const { images, view } of l.windows(x, y)) {
        const part = { ...c, n: images }
        lowerings.forward(l, part, bindableVariant('forward', part, l.target), view(x), filter, view(y))
      }
    },
    gradient: (dy, wants) => convolutionGradients(graph, convolution, dy, wants),
  })
  return y
}

/** Appends the gradients of x and of the filter, where they are wanted. */
export function convolutionGradients(
  graph: Graph,
  convolution: Convolution,
  dy: Tensor,
  wants: (input: Tensor) => boolean,
): [dx: Tensor | null, dw: Tensor | null] {
  const { x, filter } = convolution
  const { c } = planConvolution(convolution)
  return [
    wants(x) ? inputGradient(graph, c, x, filter, dy) : null,
    wants(filter) ? filterGradient(graph, c, x, filter, dy) : null,
  ]
}

function inputGradient(graph: Graph, c: Conv2d, x: Tensor, filter: Tensor, dy: Tensor): Tensor {
  const dx = graph.activation(`d ${x.name}`, x.shape, x.type)
  graph.add({
    op: 'conv2d.inputGradient',
    inputs: [dy, filter],
    outputs: [dx],
    lower(l) {
      for (const { images, view } of l.windows(dy, dx)) {
        const part = { ...c, n: images }
        lowerings.inputGradient(l, part, bindableVariant('inputGradient', part, l.target), view(dy), filter, view(dx))
      }
    },
  })
  return dx
}

function filterGradient(graph: Graph, c: Conv2d, x: Tensor, filter: Tensor, dy: Tensor): Tensor {
  const dw = graph.gradient(filter)
  graph.add({
    op: 'conv2d.filterGradient',
    inputs: [x, dy],
    outputs: [dw],
    lower(l) {
      if (l.windows(x, dy).length > 1) lowerWindowedFilterGradient(l, c, x, dy, dw)
      else lowerings.filterGradient(l, c, bindableVariant('filterGradient', c, l.target), x, dy, dw)
    },
  })
  return dw
}

/** The variant for a pass; not Winograd where its transforms, four times as large as what they are of, could not be bound. */
export function bindableVariant(pass: Pass, c: Conv2d, target: LoweringTarget): Variant {
  const variant = variantFor(pass, c, target)
  if (variant.kind !== 'winograd') return variant
  const tiles = Math.max(tilesOf(c), tilesOf(adjoint(c)))
  return bytesOf({ shape: [16, tiles, Math.max(c.ci, c.co)], type: 'f32' }) <= target.maxBindingBytes
    ? variant
    : variant.product
}

/** The dispatches of one pass under one variant, from both its inputs to its output. */
export const lowerings: Record<
  Pass,
  (l: Lowering, c: Conv2d, variant: Variant, a: Tensor, b: Tensor, out: Tensor) => void
> = {
  forward: (l, c, variant, x, filter, y) => lowerForward(l, c, variant, [x, filter, y]),
  inputGradient: lowerInputGradient,
  filterGradient: lowerFilterGradient,
}

/** What the last kernel of a forward pass does besides, with the tensors that it reads and writes for that. */
export interface Following {
  epilogue: Epilogue
  reads: readonly Tensor[]
  writes: readonly Tensor[]
}

const nothing: Following = { epilogue: none, reads: [], writes: [] }

/** The dispatches of a forward pass under one variant. */
export function lowerForward(
  l: Lowering,
  c: Conv2d,
  variant: Variant,
  [x, filter, y]: readonly [Tensor, Tensor, Tensor],
  following: Following = nothing,
): void {
  const { epilogue, reads, writes } = following
  if (variant.kind === 'winograd') lowerWinogradForward(l, c, variant.product, [x, filter, y], following)
  else l.emit(conv2dForward(c, variant, epilogue), x, filter, ...reads, y, ...writes)
}

/** The dispatches of a gradient under one variant. */
function lowerInputGradient(l: Lowering, c: Conv2d, variant: Variant, dy: Tensor, filter: Tensor, dx: Tensor): void {
  if (variant.kind === 'winograd') {
    lowerWinogradInputGradient(l, c, variant.product, dy, filter, dx)
    return
  }
  let as = filter
  if (takesTransposed(variant)) {
    as = l.scratch('transposed filter', [c.kernel, c.kernel, c.co, c.ci])
    l.emit(transposeFilter(c), filter, as)
  }
  l.emit(conv2dInputGradient(c, variant), dy, as, dx)
}

function lowerFilterGradient(l: Lowering, c: Conv2d, variant: Variant, x: Tensor, dy: Tensor, dw: Tensor): void {
  if (variant.kind === 'winograd') {
    lowerWinogradFilterGradient(l, c, variant.product, x, dy, dw)
    return
  }
  const splits = chooseSplits(c, variant, l.target)
  const parts = splits === 1 ? dw : l.scratch('parts', [splits, ...dw.shape])
  l.emit(conv2dFilterGradient(c, variant, splits), x, dy, parts)
  if (splits > 1) l.emit(sumParts(splits, elementsOf(dw)), parts, dw)
}

/**
 * Each window writes parts of its own, and all are added in order. A window's parts begin where a binding may, so it may have
 * more of them than its pixels fill: those are zeros. Fewer than would be best where they would not fit a binding.
 */
function lowerWindowedFilterGradient(l: Lowering, c: Conv2d, x: Tensor, dy: Tensor, dw: Tensor): void {
  const windows = l.windows(x, dy)
  const step = alignedMultiple(bytesOf(dw))
  const most = Math.max(1, Math.floor(l.target.maxBindingBytes / bytesOf(dw) / windows.length / step)) * step
  const planned = windows.map(({ images, view }) => {
    const part = { ...c, n: images }
    // Winograd's parts are of another kind: its product does without.
    const chosen = variantFor('filterGradient', part, l.target)
    const variant = chosen.kind === 'winograd' ? chosen.product : chosen
    return { part, variant, view, splits: Math.min(most, roundUp(chooseSplits(part, variant, l.target), step)) }
  })
  const total = planned.reduce((sum, { splits }) => sum + splits, 0)
  const parts = l.scratch('parts', [total, ...dw.shape])
  let first = 0
  for (const { part, variant, view, splits } of planned) {
    const own = viewOf(parts, [splits, ...dw.shape], first * elementsOf(dw))
    l.emit(conv2dFilterGradient(part, variant, splits), view(x), view(dy), own)
    first += splits
  }
  l.emit(sumParts(total, elementsOf(dw)), parts, dw)
}
