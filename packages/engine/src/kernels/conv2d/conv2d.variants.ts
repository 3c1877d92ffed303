/** Which variant computes a pass of a convolution: what was measured to be fastest, else what a heuristic picks. */
import { ceilDiv, type Target } from '../kernel.ts'
import { filterGradientProduct } from './conv2d.filter-gradient.ts'
import { forwardProduct } from './conv2d.forward.ts'
import { inputGradientProduct } from './conv2d.input-gradient.ts'
import type { Tile } from './conv2d.tile.ts'
import { type Conv2d, chooseVariant, flattened, type Product, type Variant } from './conv2d.ts'

export const passes = ['forward', 'inputGradient', 'filterGradient'] as const

export type Pass = (typeof passes)[number]

/** What has been measured on one adapter (see autotune/). Problems are asked for as `flattened` leaves them. */
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
  target.choices?.get(pass, flattened(c)) ?? heuristicFor(pass, c, target)

/** What is taken where nothing was measured. */
const heuristicFor = (pass: Pass, c: Conv2d, target: Target): Variant => chooseVariant(products[pass](c), target)

/**
 * The variants worth measuring for one pass of a convolution on an adapter, each once, the heuristic's first: few, because
 * each costs a compilation.
 */
export function candidates(pass: Pass, c: Conv2d, target: Target): Variant[] {
  const distinct = new Map<string, Variant>()
  for (const variant of [heuristicFor(pass, c, target), ...alternatives(products[pass](c), target)]) {
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

function alternatives(product: Product, target: Target): Variant[] {
  const usual = chooseVariant(product, target)
  if (usual.kind === 'broadcast') {
    const { lanes } = usual
    const most = ceilDiv(product.rows, lanes) * lanes
    return rowsOfLane.filter((rows) => rows % lanes === 0 && rows <= most).map((rows) => ({ ...usual, rows }))
  }
  // Without subgroups of a fixed size a software adapter has one variant only.
  if (target.software) return []
  const fitting = tiles.filter(({ rows, columns }) => rows <= product.rows && columns <= product.columns)
  return [...fitting, { kind: 'direct', rows: 4 }]
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
export const problemName = (pass: Pass, c: Conv2d): string => variantName({ kind: pass, ...flattened(c) })
