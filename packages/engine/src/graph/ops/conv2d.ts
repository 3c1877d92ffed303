import {
  chooseSplits,
  conv2dFilterGradient,
  filterGradientProduct,
} from '../../kernels/conv2d/conv2d.filter-gradient.ts'
import { conv2dForward, forwardProduct } from '../../kernels/conv2d/conv2d.forward.ts'
import { conv2dInputGradient, inputGradientProduct } from '../../kernels/conv2d/conv2d.input-gradient.ts'
import { sumParts } from '../../kernels/conv2d/conv2d.sum-parts.ts'
import { transposeFilter } from '../../kernels/conv2d/conv2d.transpose-filter.ts'
import { type Conv2d, chooseVariant, outputSize } from '../../kernels/conv2d/conv2d.ts'
import type { Graph } from '../graph.ts'
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
    lower: (l) => l.emit(conv2dForward(c, chooseVariant(forwardProduct(c), l.target)), x, filter, y),
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
    lower(l) {
      const transposed = l.scratch('transposed filter', [c.kernel, c.kernel, c.co, c.ci])
      l.emit(transposeFilter(c), filter, transposed)
      l.emit(conv2dInputGradient(c, chooseVariant(inputGradientProduct(c), l.target)), dy, transposed, dx)
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
      const variant = chooseVariant(filterGradientProduct(c), l.target)
      const splits = chooseSplits(c, variant, l.target)
      if (splits === 1) return l.emit(conv2dFilterGradient(c, variant, 1), x, dy, dw)
      const parts = l.scratch('parts', [splits, ...filter.shape])
      l.emit(conv2dFilterGradient(c, variant, splits), x, dy, parts)
      l.emit(sumParts(splits, elementsOf(filter)), parts, dw)
    },
  })
  return dw
}
