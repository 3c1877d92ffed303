/** The products of matmul.ts whose left matrix lies depth by depth: a vec4 of it holds four rows at one depth. */
import * as broadcastFrame from '../conv2d/conv2d.broadcast.ts'
import { directShape, type ProductVariant } from '../conv2d/conv2d.ts'
import { unroll } from '../kernel.ts'
import { type LeftTile, tile } from './matmul.tile.ts'

export function byDepth(head: string, columns: number, variant: ProductVariant): string {
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

/** See conv2d.broadcast.ts. A lane loads four rows at one depth: a fourth of the lanes each depth. */
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
  // This lane loads depth lane % 4 of rows row + 4·(lane / 4) + j·${lanes} and the three behind.
  ${unroll(
    loads,
    (j) => `let left${j} = (matrix * DEPTH + lane % 4u) * (ROWS / 4u)
    + min((row + ${j * lanes}u) / 4u + lane / 4u, ROWS / 4u - 1u);`,
    '\n  ',
  )}
  let right = matrix * DEPTH * COLUMNS4 + min(column, COLUMNS4 - 1u);
  ${broadcastFrame.accumulators(v)}
  for (var k = begin; k < end; k += 4u) {
    ${unroll(4, (d) => `let b${d} = b[right + (k + ${d}u) * COLUMNS4];`, '\n    ')}
    ${unroll(loads, (j) => `let a${j} = a[left${j} + k * (ROWS / 4u)];`, '\n    ')}
    ${broadcastFrame.multiplyByDepth(v, '\n    ')}
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
  ${unroll(tile / 4, (j) => `let left${j} = matrix * DEPTH * (ROWS / 4u) + min(row / 4u + ${j}u, ROWS / 4u - 1u);`, '\n  ')}
  let right = matrix * DEPTH * COLUMNS4 + column;
  ${unroll(tile, (i) => `var c${i} = vec4f();`, ' ')}
  for (var k = begin; k < end; k++) {
    let b0 = b[right + k * COLUMNS4];
    ${unroll(
      tile / 4,
      (j) => `let a${j} = a[left${j} + k * (ROWS / 4u)];
    c${4 * j} += a${j}.x * b0; c${4 * j + 1} += a${j}.y * b0; c${4 * j + 2} += a${j}.z * b0; c${4 * j + 3} += a${j}.w * b0;`,
      '\n    ',
    )}
  }
  let to = (group.z * ROWS + row) * COLUMNS4 + column;
  ${unroll(tile, (i) => `if (row + ${i}u < ROWS) { out[to + ${i}u * COLUMNS4] = c${i}; }`, '\n  ')}
}`
}

/** A vec4 of the left tile is four rows at one depth. */
const leftTile: LeftTile = {
  order: 'by depth',
  loadA: /* wgsl */ `fn loadA(matrix: u32, depth: u32, end: u32, row: u32) -> vec4f {
  if (depth < end && row < ROWS) { return a[((matrix * DEPTH + depth) * ROWS + row) / 4u]; }
  return vec4f();
}`,
  source: /* wgsl */ `// This invocation loads vec4 lane % TILE_ROWS4 of the rows, at depths lane / TILE_ROWS4 + j·LANES / TILE_ROWS4.
  let source = row + lane % TILE_ROWS4 * 4u;`,
  layout: '[depth, row in vec4s]',
  load: (j) => `loadA(matrix, k + (lane + ${j}u * LANES) / TILE_ROWS4, end, source)`,
}
