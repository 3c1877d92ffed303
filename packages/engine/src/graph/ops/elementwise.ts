import {
  addBias,
  biasGradient,
  dropout as dropoutKernel,
  normalise as normaliseKernel,
  reluGradient,
  relu as reluKernel,
} from '../../kernels/elementwise.ts'
import type { ActivationType } from '../../kernels/kernel.ts'
import type { Graph } from '../graph.ts'
import { activationType, elementsOf, type Tensor } from '../tensor.ts'

/** max(x, 0). */
export function relu(graph: Graph, x: Tensor): Tensor {
  const y = graph.activation(`${x.name} relu`, x.shape)
  graph.add({
    op: 'relu',
    inputs: [x],
    outputs: [y],
    lower(l) {
      for (const { view } of l.windows(x)) l.emit(reluKernel(elementsOf(view(x))), view(x), view(y))
    },
    gradient: (dy) => [reluGradientOf(graph, y, dy)],
  })
  return y
}

/** The gradient of what a ReLU took in, from its output y and the gradient of that, which may come in two terms. */
export function reluGradientOf(graph: Graph, y: Tensor, dy: Tensor, other?: Tensor): Tensor {
  const dx = graph.activation(`d ${y.name} masked`, y.shape, y.type)
  const terms = other ? [dy, other] : [dy]
  graph.add({
    op: 'relu.gradient',
    inputs: [y, ...terms],
    outputs: [dx],
    lower(l) {
      for (const { view } of l.windows(y)) {
        const kernel = reluGradient(elementsOf(view(y)), activationType(y), terms.length)
        l.emit(kernel, view(y), ...terms.map(view), view(dx))
      }
    },
  })
  return dx
}

/** x [.., channels] + bias [channels]. */
export function bias(graph: Graph, x: Tensor, b: Tensor): Tensor {
  const channels = elementsOf(b)
  const rows = elementsOf(x) / channels
  const y = graph.activation(`${x.name} + ${b.name}`, x.shape)
  graph.add({
    op: 'bias',
    inputs: [x, b],
    outputs: [y],
    lower: (l) => l.emit(addBias(rows, channels), x, b, y),
    gradient(dy, wants) {
      if (!wants(b)) return [dy, null]
      const db = graph.gradient(b)
      graph.add({
        op: 'bias.gradient',
        inputs: [dy],
        outputs: [db],
        lower: (l) => l.emit(biasGradient(rows, channels), dy, db),
      })
      return [dy, db]
    },
  })
  return y
}

/** Drops each element with probability p; `layer` sets this layer's draws apart. `step` is the program's step scalars. */
export function dropout(graph: Graph, x: Tensor, step: Tensor, p: number, layer: number): Tensor {
  const masked = (from: Tensor, name: string): Tensor => {
    const to = graph.activation(name, from.shape)
    graph.add({
      op: 'dropout',
      inputs: [from, step],
      outputs: [to],
      lower(l) {
        let first = 0
        for (const { view } of l.windows(from)) {
          const elements = elementsOf(view(from))
          l.emit(dropoutKernel(elements, p, layer, first), view(from), step, view(to))
          first += elements
        }
      },
      gradient: (dy) => [masked(dy, `d ${from.name}`), null],
    })
    return to
  }
  return masked(x, `${x.name} dropout`)
}

/** pixels [n, h, w] of packed RGBA → [n, h, w, 4] of `type`, normalised. What is made of them has the same type. */
export function normalise(
  graph: Graph,
  pixels: Tensor,
  mean: readonly number[],
  std: readonly number[],
  type: ActivationType = 'f32',
): Tensor {
  const x = graph.activation('images', [...pixels.shape, 4], type)
  graph.add({
    op: 'normalise',
    inputs: [pixels],
    outputs: [x],
    lower(l) {
      for (const { view } of l.windows(pixels, x))
        l.emit(normaliseKernel(elementsOf(view(pixels)), mean, std, type), view(pixels), view(x))
    },
  })
  return x
}
