/**
 * A batch of independent matrix products:  out[i, row, column] = Σ_depth a[i, row, depth] · b[i, depth, column]
 *
 * Layout    Row-major, the matrices of a batch one behind the other. The left matrix comes as [row, depth] (matmul.by-row.ts)
 *           or transposed as [depth, row] (matmul.by-depth.ts), which is how a gradient with respect to `b` finds it. Every
 *           size is a multiple of 4, so that every access is a vec4.
 * Mapping   workgroup.x = a block of columns (in vec4s), .y = a block of rows, .z = part and matrix; loop over the part's depth.
 *           Variants are those of a convolution (conv2d.ts), without its gathering.
 * Numerics  f32 accumulators in order of depth. With several `parts` each sums a stretch of the depth, and whoever reads them
 *           adds them in order: deterministic, without atomics.
 * Cost      2·batch·rows·depth·columns flops; `a` is read once a block of columns, `b` once a block of rows.
 */
import { tileLayout } from '../conv2d/conv2d.tile.ts'
import { blockOf, type ProductVariant } from '../conv2d/conv2d.ts'
import { ceilDiv, declare, type Kernel, read, write } from '../kernel.ts'
import { byDepth } from './matmul.by-depth.ts'
import { byRow } from './matmul.by-row.ts'

export interface MatMul {
  /** Independent products. */
  batch: number
  rows: number
  depth: number
  columns: number
  /** Which elements of the left matrix are neighbours: those of a row, or those of a depth. */
  leftBy: 'row' | 'depth'
}

/**
 * Bindings: a [batch, rows, depth], or [batch, depth, rows] by depth · b [batch, depth, columns] → out [parts, batch, rows, columns].
 * Throws a RangeError for sizes, or rows of a block by depth, that are no multiples of 4.
 */
export function matmul(name: string, m: MatMul, variant: ProductVariant, parts = 1): Kernel {
  const whole = [m.rows, m.depth, m.columns, m.leftBy === 'depth' ? variant.rows : 4]
  if (whole.some((size) => size % 4 !== 0)) {
    throw new RangeError(
      `${name} takes rows × depth × columns of ${m.rows} × ${m.depth} × ${m.columns} in blocks of ${variant.rows} rows: pad them to multiples of 4`,
    )
  }
  const columns = m.columns / 4
  const block = blockOf(variant, columns)
  const step = 'depth' in variant ? variant.depth : 4
  const bindings = [read('a'), read('b'), write('out')]
  const head = /* wgsl */ `${declare(bindings)}
const BATCH = ${m.batch}u; const ROWS = ${m.rows}u; const COLUMNS4 = ${columns}u; const DEPTH = ${m.depth}u;
const PART = ${ceilDiv(ceilDiv(m.depth, parts), step) * step}u; // depths of one part`
  return {
    name,
    wgsl: m.leftBy === 'row' ? byRow(head, columns, variant) : byDepth(head, columns, variant),
    bindings,
    workgroups: [ceilDiv(columns, block.columns), ceilDiv(m.rows, block.rows), m.batch * parts],
    flops: 2 * m.batch * m.rows * m.depth * m.columns,
    bytes: 4 * m.batch * (m.rows * m.depth + m.depth * m.columns + parts * m.rows * m.columns),
    ...('depth' in variant && { workgroupBytes: tileLayout(variant).workgroupBytes }),
  }
}
