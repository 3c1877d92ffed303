/** The products of matmul.ts whose left matrix lies row by row: a vec4 of it holds four depths of one row. */
import * as broadcastFrame from '../conv2d/conv2d.broadcast.ts'
import { directShape, type ProductVariant } from '../conv2d/conv2d.ts'
import { unroll } from '../kernel.ts'
import { type LeftTile, tile } from './matmul.tile.ts'

export function byRow(head: string, columns: number, variant: ProductVariant): string {
  switch (variant.kind) {
    case 'broadcast':
      return broadcast(head, variant)
    case 'tile':
    case 'matrix':
      return tile(head, variant, leftTile)
    case 'direct':
      return direct(head, columns, variant.rows)
  }
}

/** See conv2d.broadcast.ts. A lane loads four depths of one row. */
function broadcast(head: string, v: broadcastFrame.Broadcast): string {
  const { lanes, rows } = v
  const loads = broadcastFrame.leftLoads(v)
  return /* wgsl */ `enable subgroups;
${head}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let column = group.x * ${lanes}u + lane;
  let row = group.y * ${rows}u;
  let matrix = group.z % BATCH;
  let begin = group.z / BATCH * PART;
  let end = min(begin + PART, DEPTH);
  // This lane loads rows row + lane + j·${lanes}.
  ${unroll(
    loads,
    (j) => `let left${j} = (matrix * ROWS + min(row + ${j * lanes}u + lane, ROWS - 1u)) * (DEPTH / 4u);`,
    '\n  ',
  )}
  let right = matrix * DEPTH * COLUMNS4 + min(column, COLUMNS4 - 1u);
  ${broadcastFrame.accumulators(v)}
  for (var k = begin; k < end; k += 4u) {
    ${unroll(4, (d) => `let b${d} = b[right + (k + ${d}u) * COLUMNS4];`, '\n    ')}
    ${unroll(loads, (j) => `let a${j} = a[left${j} + k / 4u];`, '\n    ')}
    ${broadcastFrame.multiplyByRows(v, '\n    ')}
  }
  if (column < COLUMNS4) {
    let to = (group.z * ROWS + row) * COLUMNS4 + column;
    ${unroll(rows, (i) => `if (row + ${i}u < ROWS) { out[to + ${i}u * COLUMNS4] = c${i}; }`, '\n    ')}
  }
}`
}

/** An invocation keeps `tile` neighbouring rows of one column. */
function direct(head: string, columns: number, tile: number): string {
  const { across, down } = directShape(columns)
  return /* wgsl */ `${head}
@compute @workgroup_size(${across}, ${down})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let column = group.x * ${across}u + local.x;
  let row = (group.y * ${down}u + local.y) * ${tile}u;
  if (column >= COLUMNS4 || row >= ROWS) { return; }
  let matrix = group.z % BATCH;
  let begin = group.z / BATCH * PART;
  let end = min(begin + PART, DEPTH);
  ${unroll(
    tile,
    (i) => `let left${i} = (matrix * ROWS + min(row + ${i}u, ROWS - 1u)) * (DEPTH / 4u);
  var c${i} = vec4f();`,
    '\n  ',
  )}
  let right = matrix * DEPTH * COLUMNS4 + column;
  for (var k = begin; k < end; k += 4u) {
    ${unroll(4, (d) => `let b${d} = b[right + (k + ${d}u) * COLUMNS4];`, '\n    ')}
    ${unroll(
      tile,
      (i) => `let a${i} = a[left${i} + k / 4u];
    c${i} += a${i}.x * b0 + a${i}.y * b1 + a${i}.z * b2 + a${i}.w * b3;`,
      '\n    ',
    )}
  }
  let to = (group.z * ROWS + row) * COLUMNS4 + column;
  ${unroll(tile, (i) => `if (row + ${i}u < ROWS) { out[to + ${i}u * COLUMNS4] = c${i}; }`, '\n  ')}
}`
}

/** A vec4 of the left tile is four depths of one row. */
const leftTile: LeftTile = {
  order: 'by row',
  loadA: /* wgsl */ `fn loadA(matrix: u32, row: u32, depth: u32, end: u32) -> vec4f {
  if (row < ROWS && depth < end) { return a[((matrix * ROWS + row) * DEPTH + depth) / 4u]; }
  return vec4f();
}`,
  source: /* wgsl */ `// This invocation loads vec4 lane % TILE_DEPTH4 of rows lane / TILE_DEPTH4 + j·LANES / TILE_DEPTH4.
  let depth = lane % TILE_DEPTH4 * 4u;`,
  layout: '[row, depth in vec4s]',
  load: (j) => `loadA(matrix, row + (lane + ${j}u * LANES) / TILE_DEPTH4, k + depth, end)`,
}
