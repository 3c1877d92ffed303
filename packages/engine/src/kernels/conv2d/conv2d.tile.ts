/**
 * What the `tile` variants of the three kernels share: a matrix product by tiles in workgroup memory, for real GPUs.
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
 * A pass fills `left` and `right`; element lane + j·LANES of either is the j-th that an invocation loads.
 */
import { unroll } from '../kernel.ts'

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
export function tileLayout({ rows, columns, depth, height }: Tile): TileLayout {
  const across = columns / 4
  const down = rows / height
  const lanes = across * down
  const workgroupBytes = 4 * depth * (rows + columns)
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
  return layout
}

/** Constants and workgroup memory of a tile. */
export function tileMemory(tile: Tile): string {
  const { across, down } = tileLayout(tile)
  return /* wgsl */ `
const TILE_ROWS = ${tile.rows}u; const TILE_ROWS4 = ${tile.rows / 4}u; const TILE_COLUMNS4 = ${across}u;
const TILE_DEPTH = ${tile.depth}u; const TILE_DEPTH4 = ${tile.depth / 4}u;
const DOWN = ${down}u; // invocations along the rows
const LANES = ${across * down}u; // invocations of a workgroup
var<workgroup> left: array<vec4f, TILE_ROWS * TILE_DEPTH4>;
var<workgroup> right: array<vec4f, TILE_DEPTH * TILE_COLUMNS4>;`
}

/** Accumulators c0 … of an invocation. */
export const accumulators = (tile: Tile): string => unroll(tile.height, (i) => `var c${i} = vec4f();`, ' ')

/** Adds the product of tiles left [row, depth in vec4s] and right [depth, column]. c‹i› is row local.y + i·DOWN. */
export const multiplyByRows = (tile: Tile): string => /* wgsl */ `for (var d = 0u; d < TILE_DEPTH4; d++) {
    ${unroll(4, (i) => `let b${i} = right[(4u * d + ${i}u) * TILE_COLUMNS4 + local.x];`, '\n    ')}
    ${unroll(
      tile.height,
      (i) => `let a${i} = left[(local.y + ${i}u * DOWN) * TILE_DEPTH4 + d];
    c${i} += a${i}.x * b0; c${i} += a${i}.y * b1; c${i} += a${i}.z * b2; c${i} += a${i}.w * b3;`,
      '\n    ',
    )}
  }`

/** Adds the product of tiles left [depth, row in vec4s] and right [depth, column]. c‹4j + i› is row 4·(local.y + j·DOWN) + i. */
export const multiplyByDepth = (tile: Tile): string => /* wgsl */ `for (var d = 0u; d < TILE_DEPTH; d++) {
    let b = right[d * TILE_COLUMNS4 + local.x];
    ${unroll(
      tile.height / 4,
      (j) => `let a${j} = left[d * TILE_ROWS4 + local.y + ${j}u * DOWN];
    c${4 * j} += a${j}.x * b; c${4 * j + 1} += a${j}.y * b; c${4 * j + 2} += a${j}.z * b; c${4 * j + 3} += a${j}.w * b;`,
      '\n    ',
    )}
  }`
