/** Which variant computes a pass of a convolution: what was measured to be fastest, else what a heuristic picks. */
import { type ActivationType, ceilDiv, type Target } from '../kernel.ts'
import type { MatMul } from '../matmul/matmul.ts'
import { filterGradientProduct } from './conv2d.filter-gradient.ts'
import { forwardProduct } from './conv2d.forward.ts'
import { inputGradientProduct } from './conv2d.input-gradient.ts'
import type { Matrix } from './conv2d.matrix.ts'
import type { Tile } from './conv2d.tile.ts'
import {
  type Conv2d,
  chooseVariant,
  flattened,
  outputSize,
  type Product,
  type ProductVariant,
  type Variant,
  type Winograd,
} from './conv2d.ts'
import { adjoint, tilesOf, winogradFilterProduct, winogradFits, winogradProduct } from './conv2d.winograd.ts'

export const passes = ['forward', 'inputGradient', 'filterGradient'] as const

export type Pass = (typeof passes)[number]

/** What has been measured on one adapter (see autotune/). Problems are asked for as `asMeasured` leaves them. */
export interface VariantChoices {
  get(pass: Pass, c: Conv2d): Variant | undefined
  /** All of them: variants' names by problems' names. */
  readonly names: ChosenNames
}

/** As choices are kept: see `problemName` and `variantName`. */
export type ChosenNames = Readonly<Record<string, string>>

const products: Record<Pass, (c: Conv2d) => Product> = {
  forward: forwardProduct,
  inputGradient: inputGradientProduct,
  filterGradient: filterGradientProduct,
}

/** The variant for one pass of a convolution on an adapter. */
export const variantFor = (pass: Pass, c: Conv2d, target: Target): Variant =>
  target.choices?.get(pass, asMeasured(c)) ?? heuristicFor(pass, c, target)

/** What is measured for c, and named: a 1 × 1 convolution as a plain product, and with a type only where that is not f32. */
function asMeasured(problem: Conv2d): Conv2d {
  const { n, h, w, ci, co, kernel, stride, padding, type } = flattened(problem)
  return { n, h, w, ci, co, kernel, stride, padding, ...(type === 'f16' && { type }) }
}

/** What Winograd leaves to multiply of a pass. */
const winogradProducts: Record<Pass, (c: Conv2d) => MatMul> = {
  forward: winogradProduct,
  inputGradient: (c) => winogradProduct(adjoint(c)),
  filterGradient: winogradFilterProduct,
}

/** Winograd for one pass with the product that suits an adapter: a candidate wherever `winogradFits`. */
export function winogradVariant(pass: Pass, c: Conv2d, target: Target): Winograd {
  const { rows, columns, batch } = winogradProducts[pass](c)
  return { kind: 'winograd', product: long(chooseVariant({ rows, columns, parts: batch }, target), rows) }
}

/**
 * `broadcast` with 32 rows where there are as many: up to a fifth faster than 16 where a pass is a plain product or sums over pixels,
 * not where taps are left out by position, and twice as long to compile (lavapipe).
 */
function long(variant: ProductVariant, rows: number): ProductVariant {
  return variant.kind === 'broadcast' && 32 % variant.lanes === 0 && rows >= 32 ? { ...variant, rows: 32 } : variant
}

/** Fewer tiles do not pay for the filter's transform, and plain taps leave out most of what small images have outside. */
const payingTiles = 64
const payingSide = 5

const winogradPays = (c: Conv2d): boolean => {
  const { oh, ow } = outputSize(c)
  return winogradFits(c) && tilesOf(c) >= payingTiles && Math.min(oh, ow) >= payingSide
}

/**
 * What is taken where nothing was measured. Winograd is chosen on software adapters only, where it is measured: layers of a ResNet-18 took 1.1 to 2 times less with it on lavapipe, those at 4 × 4 pixels as long as without.
 */
function heuristicFor(pass: Pass, c: Conv2d, target: Target): Variant {
  if (target.software && winogradPays(c)) return winogradVariant(pass, c, target)
  const product = products[pass](c)
  const variant = chooseVariant(product, target)
  // A block of 32 rows must still be of one tap.
  return pass === 'filterGradient' && c.ci % 32 === 0 ? long(variant, product.rows) : variant
}

/**
 * The variants worth measuring for one pass of a convolution on an adapter, each once, the heuristic's first: few, because
 * each costs a compilation.
 */
export function candidates(pass: Pass, c: Conv2d, target: Target): Variant[] {
  const distinct = new Map<string, Variant>()
  for (const variant of [heuristicFor(pass, c, target), ...alternatives(pass, c, target)]) {
    if (!distinct.has(variantName(variant))) distinct.set(variantName(variant), variant)
  }
  return [...distinct.values()]
}

/** Wide ones reuse what they load most, small ones leave more workgroups; those of the heuristic are among them. */
export const tiles: readonly Tile[] = [
  { kind: 'tile', rows: 128, columns: 128, depth: 16, height: 16 },
  { kind: 'tile', rows: 128, columns: 64, depth: 16, height: 8 },
  { kind: 'tile', rows: 64, columns: 64, depth: 16, height: 8 },
  { kind: 'tile', rows: 64, columns: 32, depth: 16, height: 8 },
  { kind: 'tile', rows: 32, columns: 64, depth: 16, height: 4 },
  { kind: 'tile', rows: 32, columns: 32, depth: 16, height: 4 },
]

/** Rows that a lane of `broadcast` holds: more reuse what is loaded more often, and take longer to compile. */
export const rowsOfLane: readonly number[] = [8, 16, 32]

function alternatives(pass: Pass, c: Conv2d, target: Target): Variant[] {
  const product = products[pass](c)
  const winograd = winogradFits(c) ? [winogradVariant(pass, c, target)] : []
  return [...plain(product, target, c.type), ...winograd]
}

function plain(product: Product, target: Target, type: ActivationType = 'f32'): Variant[] {
  const usual = chooseVariant(product, target)
  if (usual.kind === 'broadcast') {
    const { lanes } = usual
    const most = ceilDiv(product.rows, lanes) * lanes
    return rowsOfLane.filter((rows) => rows % lanes === 0 && rows <= most).map((rows) => ({ ...usual, rows }))
  }
  // Without subgroups of a fixed size a software adapter has one variant only.
  if (target.software) return []
  const fitting = tiles.filter(({ rows, columns }) => rows <= product.rows && columns <= product.columns)
  return [...fitting, ...matrices(target, type), { kind: 'direct', rows: 4 }]
}

/** One tile for each unit of the adapter that multiplies what activations are stored as, within WebGPU's default limits. */
function matrices({ subgroupSize, matrixUnits = [] }: Target, type: ActivationType): Matrix[] {
  const depth = type === 'f16' ? 32 : 16
  return matrixUnits
    .filter(({ component }) => component === type)
    .map((unit) => ({ kind: 'matrix', rows: 64, columns: 32, depth, height: 4, ...unit, lanes: subgroupSize ?? 0 }))
}

/** A variant in words, by which it is kept and shown: `tile, rows 64, columns 64, depth 16, height 8`. */
export function variantName(variant: object): string {
  return Object.entries(variant)
    .map(([key, value]) => {
      const text = typeof value === 'object' && value !== null ? `(${variantName(value)})` : String(value)
      return key === 'kind' ? text : `${key} ${text}`
    })
    .join(', ')
}

/** A pass of a convolution in words, by which its choice is kept: `forward, n 16, h 56, w 56, ci 64, …`. */
export const problemName = (pass: Pass, c: Conv2d): string => variantName({ kind: pass, ...asMeasured(c) })
