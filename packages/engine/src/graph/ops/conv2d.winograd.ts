/** The passes of a convolution by Winograd: transforms of both sides, sixteen products, and a transform back. */
import { splitsOf } from '../../kernels/conv2d/conv2d.filter-gradient.ts'
import { sumParts } from '../../kernels/conv2d/conv2d.sum-parts.ts'
import { transposeFilter } from '../../kernels/conv2d/conv2d.transpose-filter.ts'
import { blockOf, type Conv2d, type ProductVariant } from '../../kernels/conv2d/conv2d.ts'
import {
  adjoint,
  winogradFilter,
  winogradFilterGradient,
  winogradFilterProduct,
  winogradInput,
  winogradOutput,
  winogradOutputGradient,
  winogradProduct,
} from '../../kernels/conv2d/conv2d.winograd.ts'
import { ceilDiv } from '../../kernels/kernel.ts'
import { matmul } from '../../kernels/matmul/matmul.ts'
import type { Lowering } from '../graph.ts'
import { elementsOf, type Tensor } from '../tensor.ts'
import type { Following } from './conv2d.ts'

/** x [n, h, w, ci] ∗ filter [3, 3, ci, co] → y [n, oh, ow, co], and what follows. */
export function lowerWinogradForward(
  l: Lowering,
  c: Conv2d,
  product: ProductVariant,
  [x, filter, y]: readonly [Tensor, Tensor, Tensor],
  { epilogue, reads, writes }: Following,
): void {
  const u = l.scratch('transformed filter', [16, c.ci, c.co])
  l.emit(winogradFilter(c), filter, u)
  const m = multiply(l, c, 'conv2d.forward.winograd', product, x, u)
  l.emit(winogradOutput(c, epilogue), m, ...reads, y, ...writes)
}

/** dy [n, oh, ow, co], filter [3, 3, ci, co] → dx [n, h, w, ci]. */
export function lowerWinogradInputGradient(
  l: Lowering,
  c: Conv2d,
  product: ProductVariant,
  dy: Tensor,
  filter: Tensor,
  dx: Tensor,
): void {
  const back = adjoint(c)
  const transposed = l.scratch('transposed filter', [3, 3, back.ci, back.co])
  const u = l.scratch('transformed filter', [16, back.ci, back.co])
  l.emit(transposeFilter(c), filter, transposed)
  l.emit(winogradFilter(back, { reversed: true }), transposed, u)
  const m = multiply(l, back, 'conv2d.inputGradient.winograd', product, dy, u)
  l.emit(winogradOutput(back), m, dx)
}

/** m [16, tiles, co] of an image and a transformed filter [16, ci, co]. */
function multiply(l: Lowering, c: Conv2d, name: string, product: ProductVariant, x: Tensor, u: Tensor): Tensor {
  const p = winogradProduct(c)
  const v = l.scratch('transformed image', [p.batch, p.rows, p.depth])
  const m = l.scratch('products', [p.batch, p.rows, p.columns])
  l.emit(winogradInput(c), x, v)
  l.emit(matmul(name, p, product), v, u, m)
  return m
}

/** x [n, h, w, ci], dy [n, oh, ow, co] → dw [3, 3, ci, co]. */
export function lowerWinogradFilterGradient(
  l: Lowering,
  c: Conv2d,
  product: ProductVariant,
  x: Tensor,
  dy: Tensor,
  dw: Tensor,
): void {
  const p = winogradFilterProduct(c)
  const block = blockOf(product, p.columns / 4)
  const blocks = p.batch * ceilDiv(p.columns / 4, block.columns) * ceilDiv(p.rows, block.rows)
  const splits = splitsOf(blocks, p.depth, l.target)
  const v = l.scratch('transformed image', [p.batch, p.depth, p.rows])
  const dm = l.scratch('transformed gradient', [p.batch, p.depth, p.columns])
  const du = l.scratch('transformed filter gradient', [p.batch, p.rows, p.columns])
  const parts = splits === 1 ? du : l.scratch('parts', [splits, ...du.shape])
  l.emit(winogradInput(c), x, v)
  l.emit(winogradOutputGradient(c), dy, dm)
  l.emit(matmul('conv2d.filterGradient.winograd', p, product, splits), v, dm, parts)
  if (splits > 1) l.emit(sumParts(splits, elementsOf(du)), parts, du)
  l.emit(winogradFilterGradient(c), du, dw)
}
