/**
 * Convolution of 3 × 3 taps at stride 1 by Winograd's minimal filtering F(2 × 2, 3 × 3): a tile of 2 × 2 output pixels takes 16
 * products for each pair of channels, where its taps take 36.
 *
 *   forward           y  = Aᵀ [Σ_ci   (Bᵀ x B) ⊙ (G w Gᵀ)] A           x: the 4 × 4 pixels that a tile of y reads
 *   input gradient    the forward pass of the adjoint convolution: of dy, with the taps in reverse and ci, co swapped
 *   filter gradient   dw = Gᵀ [Σ_tile (Bᵀ x B) ⊙ (A dy Aᵀ)] G           the adjoint of the first line with respect to w
 *
 * At each of the 16 positions of a 4 × 4 matrix the sum is a matrix product of its own (kernels/matmul). This file has the
 * transforms around them:
 *
 *   forward           m  [16, tile, co] = v [16, tile, ci]  · u  [16, ci, co]
 *   filter gradient   du [16, ci, co]   = v [16, tile, ci]ᵀ · dm [16, tile, co]
 *
 * The filter gradient makes the v of the forward pass anew: kept, it would take four times the memory of the image.
 *
 * Layout    Positions outermost, so that each product is dense. Tiles are (n, ty, tx), padded with zeros to a multiple of 4.
 * Mapping   An invocation transforms one tile, or the nine taps of one input channel, for one vec4 of channels. It loads each
 *           vec4 it needs once and stores each once: 16 + 16, 16 + 4, 4 + 16, 9 + 16 or 16 + 9.
 * Cost      4/9 of the products where sides are even; an image and its result are moved four times over, a filter 16/9 times.
 * Numerics  f32. The coefficients are 0, ±1 and ±½, so that only sums and products round. Sums that later cancel cost what sums of
 *           ci terms instead of 9·ci save: on noise of 64 channels at 16 × 16 pixels the error was .86 of that of plain taps
 *           forward, .89 in the filter gradient (root mean square). Its bound is in graph/ops/conv2d.winograd.test.ts.
 * Source    Lavin & Gray, Fast Algorithms for Convolutional Neural Networks, 2015.
 */
import {
  activations,
  type Binding,
  ceilDiv,
  cover,
  declare,
  elementMain,
  type Kernel,
  padded,
  read,
  unroll,
  write,
} from '../kernel.ts'
import type { MatMul } from '../matmul/matmul.ts'
import { type Epilogue, epilogueBindings, epilogueName, none, store } from './conv2d.epilogue.ts'
import { type Conv2d, outputSize } from './conv2d.ts'

type Matrix = readonly (readonly number[])[]

// biome-ignore format: a matrix reads as one
const inputTransform: Matrix = [ // Bᵀ
  [1,  0, -1,  0],
  [0,  1,  1,  0],
  [0, -1,  1,  0],
  [0,  1,  0, -1],
]
// biome-ignore format: a matrix reads as one
const filterTransform: Matrix = [ // G
  [ 1,    0,   0],
  [.5,   .5,  .5],
  [.5,  -.5,  .5],
  [ 0,    0,   1],
]
// biome-ignore format: a matrix reads as one
const outputTransform: Matrix = [ // Aᵀ
  [1, 1,  1,  0],
  [0, 1, -1, -1],
]

const positions = 16

/** WebGPU binds 128 MiB by default: so many elements may v, m or u have. */
const mostElements = 2 ** 25

/** Products of plain taps for each one of Winograd's. Odd sides and small images waste some: 2.25 at most. */
const leastGain = 1.5

/** Tiles share the transform of the filter, and channels those of the image: with fewer there is more to transform than to multiply. */
const fewestTiles = 32
const fewestChannels = 16

/** Whether Winograd can compute the passes of this convolution, and is worth trying. */
export function winogradFits(c: Conv2d): boolean {
  if (c.kernel !== 3 || c.stride !== 1 || c.padding > 1) return false
  const { oh, ow } = outputSize(c)
  const tiles = Math.min(tilesOf(c), tilesOf(adjoint(c)))
  const most = Math.max(tilesOf(c), tilesOf(adjoint(c)), c.ci, c.co) * Math.max(c.ci, c.co)
  const gain = (9 * c.n * oh * ow) / (positions * tilesOf(c))
  const large = tiles >= fewestTiles && Math.min(c.ci, c.co) >= fewestChannels
  return large && gain >= leastGain && positions * most <= mostElements
}

/** The convolution of dy whose result is dx. */
export const adjoint = (c: Conv2d): Conv2d => {
  const { oh, ow } = outputSize(c)
  return { ...c, h: oh, w: ow, ci: c.co, co: c.ci, padding: 2 - c.padding }
}

/** Tiles of y as stored. */
export const tilesOf = (c: Conv2d): number => {
  const { oh, ow } = outputSize(c)
  return padded(c.n * ceilDiv(oh, 2) * ceilDiv(ow, 2))
}

/** v · u → m. */
export const winogradProduct = (c: Conv2d): MatMul => ({
  batch: positions,
  rows: tilesOf(c),
  depth: c.ci,
  columns: c.co,
  leftBy: 'row',
})

/** vᵀ · dm → du. */
export const winogradFilterProduct = (c: Conv2d): MatMul => ({
  batch: positions,
  rows: c.ci,
  depth: tilesOf(c),
  columns: c.co,
  leftBy: 'depth',
})

/** v = Bᵀ x B. Bindings: x [n, h, w, ci] → v [16, tiles, ci]. */
export function winogradInput(c: Conv2d): Kernel {
  const image = activations(c.type)
  const elements = tilesOf(c) * (c.ci / 4)
  return transform(c, {
    name: 'input',
    bindings: [read('x', image.array), write('v')],
    elements,
    moved: (image.bytes / 4) * c.n * c.h * c.w * c.ci + 4 * positions * elements,
    by: inputTransform,
    wgsl: /* wgsl */ `${tiling(c)}
const CI4 = ${c.ci / 4}u; const P = ${c.padding};
fn pixel(n: i32, iy: i32, ix: i32, column: u32) -> vec4f {
  if (n < N && iy >= 0 && iy < H && ix >= 0 && ix < W) { return ${image.load('x[u32((n * H + iy) * W + ix) * CI4 + column]')}; }
  return vec4f();
}
${elementMain(elements)}
  let tile = tileOf(i / CI4) - vec3i(0, P, P);
  ${each(4, 4, (y, x) => `let m${y}${x} = pixel(tile.x, tile.y + ${y}, tile.z + ${x}, i % CI4);`)}
  ${sandwich(inputTransform)}
  ${each(4, 4, (y, x) => `v[${4 * y + x}u * ${elements}u + i] = r${y}${x};`)}
}`,
  })
}

/**
 * u = G w Gᵀ. Bindings: w [9, ci, co] → u [16, ci, co]. `reversed` takes the taps in reverse, as an adjoint does. The kernel is the
 * same for all sizes, so that it is compiled once.
 */
export function winogradFilter(c: Conv2d, { reversed = false }: { reversed?: boolean } = {}): Kernel {
  const elements = c.ci * (c.co / 4)
  const tap = (y: number, x: number): number => (reversed ? 8 - (3 * y + x) : 3 * y + x)
  return transform(c, {
    name: reversed ? 'filter.reversed' : 'filter',
    bindings: [read('w'), write('u')],
    elements,
    moved: 4 * (9 + positions) * elements,
    by: filterTransform,
    wgsl: /* wgsl */ `${elementMain('arrayLength(&w) / 9u')}
  let tap = arrayLength(&w) / 9u;
  ${each(3, 3, (y, x) => `let m${y}${x} = w[${tap(y, x)}u * tap + i];`)}
  ${sandwich(filterTransform)}
  ${each(4, 4, (y, x) => `u[${4 * y + x}u * tap + i] = r${y}${x};`)}
}`,
  })
}

/**
 * y = Aᵀ m A. Bindings: m [16, tiles, co], (what the epilogue reads) → y [n, oh, ow, co], (what it writes). An invocation's rows
 * are the pixels of its tile.
 */
export function winogradOutput(c: Conv2d, epilogue: Epilogue = none): Kernel {
  const { oh, ow } = outputSize(c)
  const elements = tilesOf(c) * (c.co / 4)
  const image = activations(c.type)
  const extra = epilogueBindings(epilogue, image)
  return transform(c, {
    name: `output${epilogueName(epilogue)}`,
    bindings: [read('m'), ...extra.before, write('y', image.array), ...extra.after],
    elements,
    moved: 4 * positions * elements + (image.bytes / 4) * c.n * oh * ow * c.co,
    by: outputTransform,
    wgsl: /* wgsl */ `${tiling(c)}
const CO4 = ${c.co / 4}u; const ROWS = ${c.n * oh * ow}u;
/** A pixel of y, or ROWS outside. */
fn rowOf(n: i32, oy: i32, ox: i32) -> u32 { return select(ROWS, u32((n * OH + oy) * OW + ox), n < N && oy < OH && ox < OW); }
${elementMain(elements)}
  let part = i / CO4;
  let column = i % CO4;
  let tile = tileOf(part);
  ${each(4, 4, (y, x) => `let m${y}${x} = m[${4 * y + x}u * ${elements}u + i];`)}
  ${sandwich(outputTransform)}
  ${each(2, 2, (y, x) => `let c${2 * y + x} = r${y}${x};`)}
  ${store(epilogue, 4, image, {
    rowOf: (pixel) => `rowOf(tile.x, tile.y + ${pixel >> 1}, tile.z + ${pixel & 1})`,
    at: (row) => row,
    part: 'part',
    every: oh % 2 === 0 && ow % 2 === 0,
  })}
}`,
  })
}

/** dm = A dy Aᵀ. Bindings: dy [n, oh, ow, co] → dm [16, tiles, co]. */
export function winogradOutputGradient(c: Conv2d): Kernel {
  const { oh, ow } = outputSize(c)
  const elements = tilesOf(c) * (c.co / 4)
  const image = activations(c.type)
  const by = transposed(outputTransform)
  return transform(c, {
    name: 'outputGradient',
    bindings: [read('dy', image.array), write('dm')],
    elements,
    moved: (image.bytes / 4) * c.n * oh * ow * c.co + 4 * positions * elements,
    by,
    wgsl: /* wgsl */ `${tiling(c)}
const CO4 = ${c.co / 4}u;
fn pixel(n: i32, oy: i32, ox: i32, column: u32) -> vec4f {
  if (n < N && oy < OH && ox < OW) { return ${image.load('dy[u32((n * OH + oy) * OW + ox) * CO4 + column]')}; }
  return vec4f();
}
${elementMain(elements)}
  let tile = tileOf(i / CO4);
  ${each(2, 2, (y, x) => `let m${y}${x} = pixel(tile.x, tile.y + ${y}, tile.z + ${x}, i % CO4);`)}
  ${sandwich(by)}
  ${each(4, 4, (y, x) => `dm[${4 * y + x}u * ${elements}u + i] = r${y}${x};`)}
}`,
  })
}

/** dw = Gᵀ du G. Bindings: du [16, ci, co] → dw [9, ci, co]. The kernel is the same for all sizes. */
export function winogradFilterGradient(c: Conv2d): Kernel {
  const elements = c.ci * (c.co / 4)
  const by = transposed(filterTransform)
  return transform(c, {
    name: 'filterGradient',
    bindings: [read('du'), write('dw')],
    elements,
    moved: 4 * (positions + 9) * elements,
    by,
    wgsl: /* wgsl */ `${elementMain('arrayLength(&dw) / 9u')}
  let tap = arrayLength(&dw) / 9u;
  ${each(4, 4, (y, x) => `let m${y}${x} = du[${4 * y + x}u * tap + i];`)}
  ${sandwich(by)}
  ${each(3, 3, (y, x) => `dw[${3 * y + x}u * tap + i] = r${y}${x};`)}
}`,
  })
}

interface Transform {
  name: string
  bindings: Binding[]
  /** Invocations: vec4s of each element of the matrices. */
  elements: number
  /** Floats read and written. */
  moved: number
  by: Matrix
  wgsl: string
}

function transform(c: Conv2d, { name, bindings, elements, moved, by, wgsl }: Transform): Kernel {
  if (c.kernel !== 3 || c.stride !== 1 || c.padding > 2) {
    throw new RangeError(
      `Winograd computes 3 × 3 taps at stride 1 and padding up to 2, not ${c.kernel} × ${c.kernel} at stride ${c.stride} and padding ${c.padding}: ask winogradFits first`,
    )
  }
  const additions = by.reduce((sum, row) => sum + row.filter(Boolean).length - 1, 0)
  const [rows, columns] = [by.length, by[0]?.length ?? 0]
  return {
    name: `conv2d.winograd.${name}`,
    wgsl: `${declare(bindings)}\n${wgsl}`,
    bindings,
    workgroups: cover(elements),
    flops: 4 * elements * additions * (rows + columns),
    bytes: 4 * moved,
  }
}

const tiling = (c: Conv2d): string => {
  const { oh, ow } = outputSize(c)
  return /* wgsl */ `const N = ${c.n}; const H = ${c.h}; const W = ${c.w}; const OH = ${oh}; const OW = ${ow};
const TH = ${ceilDiv(oh, 2)}u; const TW = ${ceilDiv(ow, 2)}u;
/** Image, first line and first column of a tile. */
fn tileOf(tile: u32) -> vec3i { return vec3i(vec3u(tile / (TH * TW), 2u * (tile / TW % TH), 2u * (tile % TW))); }`
}

const transposed = (t: Matrix): Matrix => (t[0] ?? []).map((_, column) => t.map((row) => row[column] ?? 0))

/** Lines for the elements of a matrix, row by row. */
const each = (rows: number, columns: number, line: (y: number, x: number) => string): string =>
  unroll(rows, (y) => unroll(columns, (x) => line(y, x), '\n  '), '\n  ')

/** WGSL for r = t m tᵀ of matrices of vec4s: from m‹y›‹x› by way of s = t m to r‹y›‹x›. */
function sandwich(t: Matrix): string {
  const [rows, columns] = [t.length, t[0]?.length ?? 0]
  const sum = (row: readonly number[] = [], term: (i: number) => string): string =>
    row.flatMap((factor, i) => (factor === 0 ? [] : [`${factor === 1 ? '' : `${factor} * `}${term(i)}`])).join(' + ')
  return `${each(rows, columns, (y, x) => `let s${y}${x} = ${sum(t[y], (i) => `m${i}${x}`)};`)}
  ${each(rows, rows, (y, x) => `let r${y}${x} = ${sum(t[x], (i) => `s${y}${i}`)};`)}`
}
