/** The products of matmul.ts by tiles of both matrices in workgroup memory; see conv2d.tile.ts. */
import type { Matrix } from '../conv2d/conv2d.matrix.ts'
import { type LeftOrder, type Tile, tileFrame, tileLayout, tileMain } from '../conv2d/conv2d.tile.ts'
import { unroll } from '../kernel.ts'

/** How a tile of the left matrix is loaded, by the orientation of that matrix in memory: WGSL all. */
export interface LeftTile {
  order: LeftOrder
  /** The function loadA. */
  loadA: string
  /** What an invocation works out once. */
  source: string
  /** How the tile lies. */
  layout: string
  /** The j-th vec4 that an invocation loads for depth k. */
  load: (j: number) => string
}

export function tile(head: string, t: Tile | Matrix, left: LeftTile): string {
  const { leftLoads, rightLoads } = tileLayout(t)
  const frame = tileFrame(t, left.order)
  return /* wgsl */ `${frame.extensions}${head}
${frame.memory}
${left.loadA}
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
  ${left.source}
  ${frame.accumulators}
  for (var k = begin; k < end; k += TILE_DEPTH) {
    // Load: tiles ${left.layout} of a and [depth, column] of b.
    ${unroll(leftLoads, (j) => `putLeft(lane + ${j}u * LANES, ${left.load(j)});`, '\n    ')}
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
