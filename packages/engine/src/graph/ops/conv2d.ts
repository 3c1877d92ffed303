import { chooseSplits, conv2dFilterGradient } from '../../kernels/conv2d/conv2d.filter-gradient.ts'
import { conv2dForward } from '../../kernels/conv2d/conv2d.forward.ts'
import { conv2dInputGradient, takesTransposed } from '../../kernels/conv2d/conv2d.input-gradient.ts'
import { sumParts } from '../../kernels/conv2d/conv2d.sum-parts.ts'
import { transposeFilter } from '../../kernels/conv2d/conv2d.transpose-filter.ts'
import { type Conv2d, outputSize, type Variant } from '../../kernels/conv2d/conv2d.ts'
import { variantFor } from '../../kernels/conv2d/conv2d.variants.ts'
import type { Graph, Lowering } from '../graph.ts'
import { elementsOf, nhwc, type Tensor } from '../tensor.ts'

/** x [n, h, w, ci] ∗ filter [k, k, ci, co] → [n, oh, ow, co]. */
export function conv2d(graph: Graph, x: Tensor, filter: Tensor, stride = 1, padding = 0): Tensor {
  const { n, h, w, channels } = nhwc(x)
  const { n: kernel, w: ci, channels: co } = nhwc(filter)
  if (channels !== ci) throw new Error(`${filter.name} takes ${ci} channels, ${x.name} has ${channels}`)
  const c: Conv2d = { n, h, w, ci, co, kernel, stride, padding }
  const { oh, ow } = outputSize(c)
  const y = graph.activation(filter.name.replace(/\.weight$/, ''), [n, oh, ow, co])
  graph.add({
    op: 'conv2d',
    inputs: [x, filter],
    outputs: [y],
    lower: (l) => lowerForward(l, c, variantFor('forward', c, l.target), x, filter, y),
    gradient: (dy, wants) => [
      wants(x) ? inputGradient(graph, c, x, filter, dy) : null,
      wants(filter) ? filterGradient(graph, c, x, filter, dy) : null,
    ],
  })
  return y
}

function inputGradient(graph: Graph, c: Conv2d, x: Tensor, filter: Tensor, dy: Tensor): Tensor {
  const dx = graph.activation(`d ${x.name}`, x.shape)
  graph.add({
    op: 'conv2d.inputGradient',
    inputs: [dy, filter],
    outputs: [dx],
    lower: (l) => lowerInputGradient(l, c, variantFor('inputGradient', c, l.target), dy, filter, dx),
  })
  return dx
}

function filterGradient(graph: Graph, c: Conv2d, x: Tensor, filter: Tensor, dy: Tensor): Tensor {
  const dw = graph.gradient(filter)
  graph.add({
    op: 'conv2d.filterGradient',
    inputs: [x, dy],
    outputs: [dw],
    lower: (l) => lowerFilterGradient(l, c, variantFor('filterGradient', c, l.target), x, dy, dw),
  })
  return dw
}

/** The dispatches of one pass under one variant. */
function lowerForward(l: Lowering, c: Conv2d, variant: Variant, x: Tensor, filter: Tensor, y: Tensor): void {
  l.emit(conv2dForward(c, variant), x, filter, y)
}

function lowerInputGradient(l: Lowering, c: Conv2d, variant: Variant, dy: Tensor, filter: Tensor, dx: Tensor): void {
  if (!takesTransposed(variant)) return l.emit(conv2dInputGradient(c, variant), dy, filter, dx)
  const transposed = l.scratch('transposed filter', [c.kernel, c.kernel, c.co, c.ci])
  l.emit(transposeFilter(c), filter, transposed)
  l.emit(conv2dInputGradient(c, variant), dy, transposed, dx)
}

function lowerFilterGradient(l: Lowering, c: Conv2d, variant: Variant, x: Tensor, dy: Tensor, dw: Tensor): void {
  const splits = chooseSplits(c, variant, l.target)
  if (splits === 1) return l.emit(conv2dFilterGradient(c, variant, 1), x, dy, dw)
  const parts = l.scratch('parts', [splits, ...dw.shape])
  l.emit(conv2dFilterGradient(c, variant, splits), x, dy, parts)
  l.emit(sumParts(splits, elementsOf(dw)), parts, dw)
}
