import {
  globalAvgPoolGradient,
  globalAvgPool as globalAvgPoolKernel,
  globalConcatPoolGradient,
  globalConcatPool as globalConcatPoolKernel,
  maxPoolGradient,
  maxPool as maxPoolKernel,
  maxPoolSize,
  type Pool,
} from '../../kernels/pool.ts'
import type { Graph } from '../graph.ts'
import { activationType, nhwc, type Tensor } from '../tensor.ts'

const describe = (x: Tensor): Pool => ({ ...nhwc(x), type: activationType(x) })

/** 3 × 3 maxima at stride 2, padding 1: [n, h, w, c] → [n, ⌈h/2⌉, ⌈w/2⌉, c]. */
export function maxPool(graph: Graph, x: Tensor): Tensor {
  const p = describe(x)
  const { oh, ow } = maxPoolSize(p)
  const y = graph.activation(`${x.name} max pool`, [p.n, oh, ow, p.channels], x.type)
  const winner = graph.activation(`${x.name} max pool winner`, y.shape, 'u32')
  graph.add({
    op: 'maxPool',
    inputs: [x],
    outputs: [y, winner],
    lower(l) {
      for (const { images: n, view } of l.windows(x, y))
        l.emit(maxPoolKernel({ ...p, n }), view(x), view(y), view(winner))
    },
    gradient(dy) {
      const dx = graph.activation(`d ${x.name}`, x.shape, x.type)
      graph.add({
        op: 'maxPool.gradient',
        inputs: [winner, dy],
        outputs: [dx],
        lower(l) {
          for (const { images: n, view } of l.windows(dx, dy))
            l.emit(maxPoolGradient({ ...p, n }), view(winner), view(dy), view(dx))
        },
      })
      return [dx]
    },
  })
  return y
}

/** Means over each feature map: [n, h, w, c] → [n, 1, 1, c] f32. */
export function globalAvgPool(graph: Graph, x: Tensor): Tensor {
  const p = describe(x)
  const y = graph.activation(`${x.name} mean`, [p.n, 1, 1, p.channels])
  graph.add({
    op: 'globalAvgPool',
    inputs: [x],
    outputs: [y],
    lower(l) {
      for (const { images: n, view } of l.windows(x, y)) l.emit(globalAvgPoolKernel({ ...p, n }), view(x), view(y))
    },
    gradient(dy) {
      const dx = graph.activation(`d ${x.name}`, x.shape, x.type)
      graph.add({
        op: 'globalAvgPool.gradient',
        inputs: [dy],
        outputs: [dx],
        lower(l) {
          for (const { images: n, view } of l.windows(dx, dy))
            l.emit(globalAvgPoolGradient({ ...p, n }), view(dy), view(dx))
        },
      })
      return [dx]
    },
  })
  return y
}

/** Maxima and means over each feature map, side by side: [n, h, w, c] → [n, 1, 1, 2c] f32. */
export function globalConcatPool(graph: Graph, x: Tensor): Tensor {
  const p = describe(x)
  const y = graph.activation(`${x.name} max and mean`, [p.n, 1, 1, 2 * p.channels])
  const winner = graph.activation(`${x.name} max winner`, [p.n, p.channels], 'u32')
  graph.add({
    op: 'globalConcatPool',
    inputs: [x],
    outputs: [y, winner],
    lower(l) {
      for (const { images: n, view } of l.windows(x, y, winner))
        l.emit(globalConcatPoolKernel({ ...p, n }), view(x), view(y), view(winner))
    },
    gradient(dy) {
      const dx = graph.activation(`d ${x.name}`, x.shape, x.type)
      graph.add({
        op: 'globalConcatPool.gradient',
        inputs: [winner, dy],
        outputs: [dx],
        lower(l) {
          for (const { images: n, view } of l.windows(dx, dy, winner))
            l.emit(globalConcatPoolGradient({ ...p, n }), view(winner), view(dy), view(dx))
        },
      })
      return [dx]
    },
  })
  return y
}
