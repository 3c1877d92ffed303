/** The products of matmul.ts whose left matrix lies depth by depth: a vec4 of it holds four rows at one depth. */
import * as broadcastFrame from '../conv2d/conv2d.broadcast.ts'
import type { Matrix } from '../conv2d/conv2d.matrix.ts'
import { type Tile, tileFrame, tileLayout, tileMain } from '../conv2d/conv2d.tile.ts'
import { directShape, type ProductVariant } from '../conv2d/conv2d.ts'
import { unroll } from '../kernel.ts'

export function byDepth(head: string, columns: number, variant: ProductVariant): string {
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

/** Tiles of both matrices in workgroup memory; see conv2d.tile.ts. */
function tile(head: string, t: Tile | Matrix): string {
  const { leftLoads, rightLoads } = tileLayout(t)
  const frame = tileFrame(t, 'by depth')
  return /* wgsl */ `${frame.extensions}${head}
${frame.memory}
fn loadA(matrix: u32, depth: u32, end: u32, row: u32) -> vec4f {
  if (depth < end && row < ROWS) { return a[((matrix * DEPTH + depth) * ROWS + row) / 4u]; }
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
  // This invocation loads vec4 lane % TILE_ROWS4 of the rows, at depths lane / TILE_ROWS4 + j·LANES / TILE_ROWS4.
  let source = row + lane % TILE_ROWS4 * 4u;
  ${frame.accumulators}
  for (var k = begin; k < end; k += TILE_DEPTH) {
    // Load: tiles [depth, row in vec4s] of a and [depth, column] of b.
    ${unroll(
      leftLoads,
      (j) => `putLeft(lane + ${j}u * LANES, loadA(matrix, k + (lane + ${j}u * LANES) / TILE_ROWS4, end, source));`,
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
