/** The products of matmul.ts whose left matrix lies row by row: a vec4 of it holds four depths of one row. */
import * as broadcastFrame from '../conv2d/conv2d.broadcast.ts'
import type { Matrix } from '../conv2d/conv2d.matrix.ts'
import { type Tile, tileFrame, tileLayout, tileMain } from '../conv2d/conv2d.tile.ts'
import { directShape, type ProductVariant } from '../conv2d/conv2d.ts'
import { unroll } from '../kernel.ts'

export function byRow(head: string, columns: number, variant: ProductVariant): string {
  switch (variant.kind) {
    case 'broadcast':
      return broadcast(head, variant)
    case 'tile':
    case 'matrix':
      return tile(head, variant)
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

/** Tiles of both matrices in workgroup memory; see conv2d.tile.ts. */
function tile(head: string, t: Tile | Matrix): string {
  const { leftLoads, rightLoads } = tileLayout(t)
  const frame = tileFrame(t, 'by row')
  return /* wgsl */ `${frame.extensions}${head}
${frame.memory}
fn loadA(matrix: u32, row: u32, depth: u32, end: u32) -> vec4f {
  if (row < ROWS && depth < end) { return a[((matrix * ROWS + row) * DEPTH + depth) / 4u]; }
  return vec4f();
}
fn loadB(matrix: u32, depth: u32, end: u32, column: u32) -> vec4f {
  if (depth < end && column < COLUMNS4) { return b[(matrix * DEPTH + depth) * COLUMNS4 + column]; }
  return vec4f();
}

${tileMain}
  let column = group.x * TILE_COLUMNS4 + local.x;
  let row = group.y * TILE_ROWS;
  let matrix = group.z % BATCH;
  let begin = group.z / BATCH * PART;
  let end = min(begin + PART, DEPTH);
  // This invocation loads vec4 lane % TILE_DEPTH4 of rows lane / TILE_DEPTH4 + j·LANES / TILE_DEPTH4.
  let depth = lane % TILE_DEPTH4 * 4u;
  ${frame.accumulators}
  for (var k = begin; k < end; k += TILE_DEPTH) {
    // Load: tiles [row, depth in vec4s] of a and [depth, column] of b.
    ${unroll(
      leftLoads,
      (j) =>
        `putLeft(lane + ${j}u * LANES, loadA(matrix, row + (lane + ${j}u * LANES) / TILE_DEPTH4, k + depth, end));`,
      '\n    ',
    )}
    ${unroll(
      rightLoads,
      (j) => `putRight(lane + ${j}u * LANES, loadB(matrix, k + local.y + ${j}u * DOWN, end, column));`,
      '\n    ',
    )}
    workgroupBarrier(); // the tiles are whole
    // Compute
    ${frame.multiply}
    workgroupBarrier(); // nobody reads the tiles any more
  }
  // Store
  ${frame.settle}
  if (column < COLUMNS4) {
    ${unroll(
      t.height,
      (i) => `let to${i} = row + ${frame.rowOf(i)};
    if (to${i} < ROWS) { out[(group.z * ROWS + to${i}) * COLUMNS4 + column] = c${i}; }`,
      '\n    ',
    )}
  }
}`
}
