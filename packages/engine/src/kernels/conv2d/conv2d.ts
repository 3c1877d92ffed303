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
import { ceilDiv, maxWorkgroups, type Target } from '../kernel.ts'

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
}

/**
 * `broadcast`: a workgroup is one subgroup; each lane holds one vec4 of columns for `rows` rows, the left matrix is loaded
 * once into lanes and spread by subgroupBroadcast. No barrier, no workgroup memory: made for software adapters, where every
 * load at a computed address costs a loop over the lanes.
 * `direct`: an invocation holds `rows` rows of one vec4 of columns and loads what it needs itself. Needs no feature.
 */
export type Variant = { kind: 'broadcast'; lanes: number; rows: number } | { kind: 'direct'; rows: number }

/** Depth taken in one round of the inner loop: one vec4 of the left matrix a row. */
export const depthStep = 4

export const outputSize = ({ h, w, kernel, stride, padding }: Conv2d): { oh: number; ow: number } => ({
  oh: Math.floor((h + 2 * padding - kernel) / stride) + 1,
  ow: Math.floor((w + 2 * padding - kernel) / stride) + 1,
})

/**
 * The variant for a matrix of `rows` rows. Sixteen rows a lane reach nine tenths of the speed of thirty-two on lavapipe and
 * compile in half the time, which a first step feels more; fewer rows only where there are no more.
 */
export function chooseVariant(rows: number, target: Target): Variant {
  const { subgroupSize } = target
  if (subgroupSize && subgroupSize >= depthStep && subgroupSize <= 64) {
    const step = subgroupSize / depthStep
    return { kind: 'broadcast', lanes: subgroupSize, rows: Math.min(16, ceilDiv(rows, step) * step) }
  }
  return { kind: 'direct', rows: 4 }
}

export const flops = (c: Conv2d): number => {
  const { oh, ow } = outputSize(c)
  return 2 * c.n * oh * ow * c.kernel * c.kernel * c.ci * c.co
}

/** Bytes of x, w and y together, each touched once. */
export const bytes = (c: Conv2d): number => {
  const { oh, ow } = outputSize(c)
  return 4 * (c.n * c.h * c.w * c.ci + c.kernel * c.kernel * c.ci * c.co + c.n * oh * ow * c.co)
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
