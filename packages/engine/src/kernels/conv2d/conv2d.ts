/**
 * Two-dimensional convolution:  y[n, oy, ox, co] = Σ_{ky, kx, ci} x[n, oy·s − p + ky, ox·s − p + kx, ci] · w[ky, kx, ci, co]
 *
 * Its three kernels are one scheme, an implicit matrix product rows × depth × columns in which the left matrix is gathered
 * from an image and the right one is dense, with its columns (channels, in vec4s) across invocations:
 *
 *   forward           rows = output pixels   depth = taps·ci         columns = co   left from x    right = w
 *   input gradient    rows = input pixels    depth = taps·co         columns = ci   left from dy   right = w, transposed
 *   filter gradient   rows = taps·ci         depth = output pixels   columns = co   left from x    right = dy
 */
import { type ActivationType, activations, ceilDiv, maxWorkgroups, type Target } from '../kernel.ts'
import type { Broadcast } from './conv2d.broadcast.ts'
import type { Matrix } from './conv2d.matrix.ts'
import { type Tile, tileLayout } from './conv2d.tile.ts'

/** One convolution; ci and co are padded channels. */
export interface Conv2d {
  n: number
  h: number
  w: number
  ci: number
  co: number
  kernel: number
  stride: number
  padding: number
  /**
   * Of x, y and their gradients. Filters are read, and their gradients written, in f32: those of a layer are read far more often
   * from a cache than from memory, so copies in f16 would gain little and cost a rounding. Default f32.
   */
  type?: ActivationType
}

/** What a kernel multiplies, as far as the choice of a variant depends on it. */
export interface Product {
  rows: number
  /** Channels, not vec4s. */
  columns: number
  /** Most parts that run beside one another: phases of a strided input gradient, parts of a filter gradient's sum. */
  parts: number
}

/**
 * `broadcast`: a workgroup is one subgroup; each lane holds one vec4 of columns for `rows` rows, the left matrix is loaded
 * once into lanes and spread by subgroupBroadcast. No barrier, no workgroup memory: made for software adapters.
 * `tile`: tiles of both matrices in workgroup memory, shared by all invocations of a workgroup: made for GPUs.
 * `matrix`: the same, multiplied by the GPU's matrix units, where Dawn exposes them.
 * `direct`: an invocation holds `rows` rows of one vec4 of columns and loads what it needs itself. Needs no feature.
 */
export type ProductVariant = Broadcast | Tile | Matrix | { kind: 'direct'; rows: number }

/**
 * The way to compute one pass. `winograd`: fewer products, between transforms (conv2d.winograd.ts), multiplied as `product`
 * says. For what `winogradFits` tells.
 */
export type Variant = ProductVariant | Winograd

export interface Winograd {
  kind: 'winograd'
  product: ProductVariant
}

/** Depth taken in one round of the inner loop: one vec4 of the left matrix a row. */
export const depthStep = 4

export const outputSize = ({ h, w, kernel, stride, padding }: Conv2d): { oh: number; ow: number } => ({
  oh: Math.floor((h + 2 * padding - kernel) / stride) + 1,
  ow: Math.floor((w + 2 * padding - kernel) / stride) + 1,
})

/**
 * A 1 × 1 convolution at stride 1 is a plain matrix product: every pixel becomes an image of its own, so that all
 * arithmetic of taps and positions folds away. Other convolutions stay as they are.
 */
export function flattened(c: Conv2d): Conv2d {
  if (c.kernel !== 1 || c.stride !== 1 || c.padding !== 0) return c
  return { ...c, n: c.n * c.h * c.w, h: 1, w: 1 }
}

const largeTile: Tile = { kind: 'tile', rows: 64, columns: 64, depth: 16, height: 8 }
const smallTile: Tile = { kind: 'tile', rows: 32, columns: 32, depth: 16, height: 4 }

/** Workgroups that a large tile must leave, else the multiprocessors of a large GPU (some hundred) stand idle. */
const enoughWorkgroups = 128

/**
 * Software adapters with subgroups: `broadcast`. Sixteen rows a lane reach nine tenths of the speed of thirty-two on lavapipe and
 * compile in half the time, which a first step feels more; fewer rows only where there are no more.
 *
 * GPUs: `tile`, the large one where enough of them are left to fill the GPU, unless the product is narrower than the small one.
 * These thresholds follow from occupancy, not from measurement; `direct` has no barriers and wastes least on small products.
 */
export function chooseVariant({ rows, columns, parts }: Product, { software, subgroupSize }: Target): ProductVariant {
  if (!software) {
    if (rows < smallTile.rows || columns < smallTile.columns) return { kind: 'direct', rows: 4 }
    const large = ceilDiv(rows, largeTile.rows) * ceilDiv(columns, largeTile.columns) * parts
    return columns >= largeTile.columns && large >= enoughWorkgroups ? largeTile : smallTile
  }
  if (subgroupSize && subgroupSize >= depthStep && subgroupSize <= 64) {
    const fewest = ceilDiv(rows, subgroupSize) * subgroupSize
    return { kind: 'broadcast', lanes: subgroupSize, rows: Math.min(Math.max(16, subgroupSize), fewest) }
  }
  return { kind: 'direct', rows: 4 }
}

/** The part of a product with `columns` vec4s that one workgroup computes: rows, and columns in vec4s. */
export function blockOf(variant: ProductVariant, columns: number): { rows: number; columns: number } {
  switch (variant.kind) {
    case 'broadcast':
      return { rows: variant.rows, columns: variant.lanes }
    case 'tile':
    case 'matrix':
      return { rows: variant.rows, columns: variant.columns / 4 }
    case 'direct': {
      const { across, down } = directShape(columns)
      return { rows: variant.rows * down, columns: across }
    }
  }
}

/** Cost model: one kernel's workgroup memory is its variant's, its flops and least traffic are the convolution's. */
export const costOf = (
  c: Conv2d,
  variant: ProductVariant,
): { flops: number; bytes: number; workgroupBytes?: number } => ({
  flops: flops(c),
  bytes: bytes(c),
  ...('depth' in variant && { workgroupBytes: tileLayout(variant).workgroupBytes }),
})

const flops = (c: Conv2d): number => {
  const { oh, ow } = outputSize(c)
  return 2 * c.n * oh * ow * c.kernel * c.kernel * c.ci * c.co
}

/** Bytes of x, w and y together, each touched once. */
const bytes = (c: Conv2d): number => {
  const { oh, ow } = outputSize(c)
  const images = c.n * c.h * c.w * c.ci + c.n * oh * ow * c.co
  return activations(c.type).bytes * images + 4 * c.kernel * c.kernel * c.ci * c.co
}

/** Row blocks along y, folded into z where they are more than a dimension holds; in WGSL `rowBlock` undoes it. */
export function rowGrid(blocks: number): { y: number; folds: number } {
  const folds = ceilDiv(blocks, maxWorkgroups)
  return { y: ceilDiv(blocks, folds), folds }
}

/** Columns by row groups of a `direct` workgroup of 64 invocations, for `columns` vec4s. */
export function directShape(columns: number): { across: number; down: number } {
  let across = 16
  while (across > 1 && across / 2 >= columns) across /= 2
  return { across, down: 64 / across }
}
