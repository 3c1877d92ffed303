/**
 * What the `tile` and `matrix` variants of the three kernels share: a matrix product by tiles in workgroup memory, for real GPUs.
 * (`matrix` multiplies the tiles by the GPU's matrix units: conv2d.matrix.ts. All else here is of both.)
 *
 * Mapping   A workgroup computes TILE_ROWS × 4·TILE_COLUMNS4 outputs with LANES invocations; one of them holds `height` rows of
 *           one vec4 of columns in registers. The rows of an invocation lie DOWN apart, so that the few rows which a subgroup reads
 *           at once are neighbours in workgroup memory and fall on different banks.
 * Memory    A tile of each matrix, 4 · depth · (rows + columns) bytes, and two barriers for each `depth` of the sum: one
 *           before the tiles are read, one before they are overwritten. Every access is a vec4.
 * Cost      Each element of the left matrix is loaded once for each `columns` columns, each of the right one once for each `rows`
 *           rows. An invocation reads (height + 4) vec4s of workgroup memory for 16 · height multiply-adds.
 * Numerics  One f32 accumulator an output, in order of depth; what lies outside a matrix or an image is loaded as 0.
 *
 * A pass fills both tiles by `putLeft` and `putRight`; vec4 lane + j·LANES of either is the j-th that an invocation loads.
 */
import { unroll } from '../kernel.ts'
import {
  checkMatrix,
  type Matrix,
  matrixAccumulators,
  matrixBytes,
  matrixExtensions,
  matrixMemory,
  matrixMultiply,
  matrixSettle,
} from './conv2d.matrix.ts'

export interface Tile {
  kind: 'tile'
  /** Outputs of a workgroup. */
  rows: number
  columns: number
  /** Depth of the sum that is held in workgroup memory at a time. */
  depth: number
  /** Rows of an invocation. */
  height: number
}

export interface TileLayout {
  /** Invocations along the columns, and along the rows. */
  across: number
  down: number
  /** vec4s that an invocation loads of each tile. */
  leftLoads: number
  rightLoads: number
  workgroupBytes: number
}

/** Throws a RangeError where the tile cannot be shared out evenly, or is beyond WebGPU's default limits. */
export function tileLayout(tile: Tile | Matrix): TileLayout {
  const { rows, columns, depth, height } = tile
  const across = columns / 4
  const down = rows / height
  const lanes = across * down
  const workgroupBytes = tile.kind === 'matrix' ? matrixBytes(tile) : 4 * depth * (rows + columns)
  const layout = {
    across,
    down,
    leftLoads: (rows * depth) / 4 / lanes,
    rightLoads: depth / down,
    workgroupBytes,
  }
  const whole = Object.values(layout).every(Number.isInteger)
  // A load covers whole rows of either orientation of the left tile.
  const even = height % 4 === 0 && depth % 4 === 0 && lanes % (depth / 4) === 0 && lanes % (rows / 4) === 0
  if (!whole || !even || lanes > 256 || workgroupBytes > 16384) {
    throw new RangeError(
      `a tile of ${rows} × ${columns} outputs, depth ${depth} and ${height} rows an invocation cannot be shared out over ${lanes} invocations with ${workgroupBytes} bytes: choose powers of two with at most 256 and 16384 of them`,
    )
  }
  if (tile.kind === 'matrix') checkMatrix(tile, lanes)
  return layout
}

/** How the left tile lies: [row, depth] or [depth, row], in vec4s along the latter. */
export type LeftOrder = 'by row' | 'by depth'

/** The parts of a shader that differ between multiplying by registers and by matrix units. */
export interface Frame {
  extensions: string
  /** Constants, workgroup memory, putLeft and putRight. */
  memory: string
  accumulators: string
  /** Adds the product of the two tiles. */
  multiply: string
  /** Leaves the invocation's sums in c0 …; c‹i› belongs to row `rowOf(i)` of the tile. */
  settle: string
  rowOf: (i: number) => string
}

export function tileFrame(tile: Tile | Matrix, order: LeftOrder): Frame {
  const { across, down } = tileLayout(tile)
  const lanes = across * down
  const rowOf = (i: number): string =>
    order === 'by row' ? `local.y + ${i}u * DOWN` : `4u * (local.y + ${Math.floor(i / 4)}u * DOWN) + ${i % 4}u`
  const constants = /* wgsl */ `
const TILE_ROWS = ${tile.rows}u; const TILE_ROWS4 = ${tile.rows / 4}u; const TILE_COLUMNS4 = ${across}u;
const TILE_DEPTH = ${tile.depth}u; const TILE_DEPTH4 = ${tile.depth / 4}u;
const DOWN = ${down}u; // invocations along the rows
const LANES = ${lanes}u; // invocations of a workgroup`
  if (tile.kind === 'matrix') {
    return {
      extensions: matrixExtensions(tile),
      memory: `${constants}${matrixMemory(tile, order === 'by depth')}`,
      accumulators: matrixAccumulators(tile, lanes),
      multiply: matrixMultiply(tile, lanes, order === 'by depth'),
      settle: matrixSettle(tile, lanes, rowOf),
      rowOf,
    }
  }
  return {
    extensions: '',
    memory: /* wgsl */ `${constants}
var<workgroup> left: array<vec4f, TILE_ROWS * TILE_DEPTH4>;
var<workgroup> right: array<vec4f, TILE_DEPTH * TILE_COLUMNS4>;
fn putLeft(at: u32, value: vec4f) { left[at] = value; }
fn putRight(at: u32, value: vec4f) { right[at] = value; }`,
    accumulators: unroll(tile.height, (i) => `var c${i} = vec4f();`, ' '),
    multiply: order === 'by row' ? multiplyByRows(tile) : multiplyByDepth(tile),
    settle: '',
    rowOf,
  }
}

/** Invocation's position: .x its vec4 of columns, .y its first row. In one dimension, as matrix units ask of a workgroup. */
export const tileMain: string = /* wgsl */ `@compute @workgroup_size(LANES)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let local = vec2u(lane % TILE_COLUMNS4, lane / TILE_COLUMNS4);`

/** Adds the product of tiles left [row, depth in vec4s] and right [depth, column]. c‹i› is row local.y + i·DOWN. */
const multiplyByRows = (tile: Tile): string => /* wgsl */ `for (var d = 0u; d < TILE_DEPTH4; d++) {
    ${unroll(4, (i) => `let b${i} = right[(4u * d + ${i}u) * TILE_COLUMNS4 + local.x];`, '\n    ')}
    ${unroll(
      tile.height,
      (i) => `let a${i} = left[(local.y + ${i}u * DOWN) * TILE_DEPTH4 + d];
    c${i} += a${i}.x * b0; c${i} += a${i}.y * b1; c${i} += a${i}.z * b2; c${i} += a${i}.w * b3;`,
      '\n    ',
    )}
  }`

/** Adds the product of tiles left [depth, row in vec4s] and right [depth, column]. c‹4j + i› is row 4·(local.y + j·DOWN) + i. */
const multiplyByDepth = (tile: Tile): string => /* wgsl */ `for (var d = 0u; d < TILE_DEPTH; d++) {
    let b = right[d * TILE_COLUMNS4 + local.x];
    ${unroll(
      tile.height / 4,
      (j) => `let a${j} = left[d * TILE_ROWS4 + local.y + ${j}u * DOWN];
    c${4 * j} += a${j}.x * b; c${4 * j + 1} += a${j}.y * b; c${4 * j + 2} += a${j}.z * b; c${4 * j + 3} += a${j}.w * b;`,
      '\n    ',
    )}
  }`
