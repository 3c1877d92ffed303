/**
 * Convolution, forward:  y[row, co] = Σ_{ky, kx, ci} x[n, oy·s − p + ky, ox·s − p + kx, ci] · w[ky, kx, ci, co],  row = (n, oy, ox)
 *
 * Mapping   workgroup.x = a block of columns (co in vec4s), workgroup.y/z = a block of rows; loop over taps, then ci by 4.
 *           `tile` takes a row of taps at a time: for one ky, (kx, ci) are neighbours in x and in w alike, so that the depth of a
 *           slice is kernel·ci: a stem of 4 channels fills 28 of 32 depths of its tiles, not 4 of 16.
 * Numerics  f32 accumulators, summed in tap order then ci order; positions in the padding read a clamped pixel times 0
 *           (`tile`: are 0).
 * Epilogue  what follows is done, or prepared, before the sums are stored: conv2d.epilogue.ts.
 * Cost      2·rows·taps·ci·co flops; x is read once a tap and block of columns, w once a block of rows (mostly from cache).
 */
import { type ActivationText, activations, ceilDiv, declare, type Kernel, read, unroll, write } from '../kernel.ts'
import * as broadcastFrame from './conv2d.broadcast.ts'
import { type Epilogue, epilogueBindings, epilogueName, none, store } from './conv2d.epilogue.ts'
import type { Matrix } from './conv2d.matrix.ts'
import { type Tile, tileFrame, tileLayout, tileMain } from './conv2d.tile.ts'
import {
  blockOf,
  type Conv2d,
  costOf,
  depthStep,
  directShape,
  flattened,
  outputSize,
  type Product,
  type ProductVariant,
  rowGrid,
} from './conv2d.ts'

export const forwardProduct = (c: Conv2d): Product => {
  const { oh, ow } = outputSize(c)
  return { rows: c.n * oh * ow, columns: c.co, parts: 1 }
}

/** Bindings: x [n, h, w, ci] · w [kernel², ci, co], (what the epilogue reads) → y [n, oh, ow, co], (what it writes). */
export function conv2dForward(problem: Conv2d, variant: ProductVariant, epilogue: Epilogue = none): Kernel {
  const c = flattened(problem)
  const { oh, ow } = outputSize(c)
  const { rows } = forwardProduct(c)
  const columns = c.co / 4
  const block = blockOf(variant, columns)
  const grid = rowGrid(ceilDiv(rows, block.rows))
  const image = activations(c.type)
  const extra = epilogueBindings(epilogue, image)
  const bindings = [read('x', image.array), read('w'), ...extra.before, write('y', image.array), ...extra.after]
  const head = /* wgsl */ `${declare(bindings)}
const H = ${c.h}; const W = ${c.w}; const OH = ${oh}u; const OW = ${ow}u;
const CI = ${c.ci}u; const CO4 = ${columns}u; const K = ${c.kernel}; const S = ${c.stride}; const P = ${c.padding};
const N = ${c.n}u; const ROWS = ${rows}u; const GRID_Y = ${grid.y}u;`
  return {
    name: `conv2d.forward.${variant.kind}${epilogueName(epilogue)}`,
    wgsl: shader(head, c, variant, epilogue),
    bindings,
    workgroups: [ceilDiv(columns, block.columns), grid.y, grid.folds],
    ...costOf(c, variant),
  }
}

function shader(head: string, c: Conv2d, variant: ProductVariant, epilogue: Epilogue): string {
  const image = activations(c.type)
  const { rows } = forwardProduct(c)
  const every = rows % blockOf(variant, c.co / 4).rows === 0
  switch (variant.kind) {
    case 'broadcast':
      return broadcast(head, variant, epilogue, every, image)
    case 'tile':
    case 'matrix':
      return tile(head, variant, epilogue, every, image)
    case 'direct':
      return direct(head, c.co / 4, variant.rows, epilogue, every, image)
  }
}

/** See conv2d.broadcast.ts. Row = position · N + image; a lane loads four channels of the pixels under one tap. */
function broadcast(
  head: string,
  v: broadcastFrame.Broadcast,
  epilogue: Epilogue,
  every: boolean,
  image: ActivationText,
): string {
  const { lanes, rows } = v
  const loads = broadcastFrame.leftLoads(v)
  return /* wgsl */ `enable subgroups;
${head}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let column = group.x * ${lanes}u + lane;
  let safeColumn = min(column, CO4 - 1u);
  let row = (group.z * GRID_Y + group.y) * ${rows}u;
  // Taps that meet the image at some position of this workgroup: those from its first to its last row.
  let first = row / N;
  let last = min(row + ${rows - 1}u, ROWS - 1u) / N;
  let top = i32(first / OW) * S - P;
  let bottom = i32(last / OW) * S - P;
  let oneLine = top == bottom;
  let left = select(-P, i32(first % OW) * S - P, oneLine);
  let right = select((i32(OW) - 1) * S - P, i32(last % OW) * S - P, oneLine);
  // This lane loads rows row + lane + j·${lanes}.
  ${unroll(
    loads,
    (j) => `let r${j} = min(row + ${j * lanes}u + lane, ROWS - 1u);
  let y${j} = i32(r${j} / N / OW) * S - P;
  let x${j} = i32(r${j} / N % OW) * S - P;
  let image${j} = i32(r${j} % N) * H * W;`,
    '\n  ',
  )}
  ${broadcastFrame.accumulators(v)}
  for (var ky = max(0, -bottom); ky < min(K, H - top); ky++) {
    for (var kx = max(0, -right); kx < min(K, W - left); kx++) {
      ${unroll(
        loads,
        (j) => `let iy${j} = y${j} + ky; let ix${j} = x${j} + kx;
      let inside${j} = select(0f, 1f, iy${j} >= 0 && iy${j} < H && ix${j} >= 0 && ix${j} < W);
      let at${j} = u32(image${j} + clamp(iy${j}, 0, H - 1) * W + clamp(ix${j}, 0, W - 1)) * (CI / 4u);`,
        '\n      ',
      )}
      let tap = u32(ky * K + kx) * CI;
      for (var k = 0u; k < CI; k += 4u) {
        ${unroll(depthStep, (d) => `let b${d} = w[(tap + k + ${d}u) * CO4 + safeColumn];`, '\n        ')}
        ${unroll(loads, (j) => `let a${j} = ${image.load(`x[at${j} + k / 4u]`)} * inside${j};`, '\n        ')}
        ${broadcastFrame.multiplyByRows(v, '\n        ')}
      }
    }
  }
  if (column < CO4) {
    ${store(epilogue, rows, image, {
      rowOf: (i) => `row + ${i}u`,
      at: (row) => `(${row} % N * (OH * OW) + ${row} / N)`,
      part: '(group.z * GRID_Y + group.y)',
      every,
    })}
  }
}`
}

/** An invocation keeps `tile` neighbouring rows of one column and loads their four depths as one vec4 each. */
function direct(
  head: string,
  columns: number,
  tile: number,
  epilogue: Epilogue,
  every: boolean,
  image: ActivationText,
): string {
  const { across, down } = directShape(columns)
  return /* wgsl */ `${head}
@compute @workgroup_size(${across}, ${down})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let column = group.x * ${across}u + local.x;
  let row = ((group.z * GRID_Y + group.y) * ${down}u + local.y) * ${tile}u;
  if (column >= CO4 || row >= ROWS) { return; }
  ${unroll(
    tile,
    (i) => `let r${i} = min(row + ${i}u, ROWS - 1u);
  let pixel${i} = r${i} % (OH * OW);
  let y${i} = i32(pixel${i} / OW) * S - P;
  let x${i} = i32(pixel${i} % OW) * S - P;
  let image${i} = i32(r${i} / (OH * OW)) * H * W;
  var c${i} = vec4f();`,
    '\n  ',
  )}
  for (var ky = 0; ky < K; ky++) {
    for (var kx = 0; kx < K; kx++) {
      ${unroll(
        tile,
        (i) => `let iy${i} = y${i} + ky; let ix${i} = x${i} + kx;
      let inside${i} = select(0f, 1f, iy${i} >= 0 && iy${i} < H && ix${i} >= 0 && ix${i} < W);
      let at${i} = u32(image${i} + clamp(iy${i}, 0, H - 1) * W + clamp(ix${i}, 0, W - 1)) * (CI / 4u);`,
        '\n      ',
      )}
      let tap = u32(ky * K + kx) * CI;
      for (var k = 0u; k < CI; k += 4u) {
        ${unroll(depthStep, (d) => `let b${d} = w[(tap + k + ${d}u) * CO4 + column];`, '\n        ')}
        ${unroll(
          tile,
          (i) => `let a${i} = ${image.load(`x[at${i} + k / 4u]`)} * inside${i};
        c${i} += a${i}.x * b0 + a${i}.y * b1 + a${i}.z * b2 + a${i}.w * b3;`,
          '\n        ',
        )}
      }
    }
  }
  ${store(epilogue, tile, image, { rowOf: (i) => `row + ${i}u`, at: (row) => row, part: `(row / ${tile}u)`, every })}
}`
}

/** Tiles of x and w in workgroup memory; see conv2d.tile.ts. */
function tile(head: string, t: Tile | Matrix, epilogue: Epilogue, every: boolean, image: ActivationText): string {
  const { leftLoads, rightLoads } = tileLayout(t)
  const frame = tileFrame(t, 'by row')
  return /* wgsl */ `${frame.extensions}${head}
${frame.memory}
const LINE4 = W * i32(CI / 4u); // vec4s of a line of x
const DEPTH = u32(K) * CI; // of a slice: one row of taps

/** vec4 \`at\` of the line of x that begins at \`line\`, or 0 outside. */
fn loadX(inside: bool, line: i32, at: i32) -> vec4f {
  if (inside && at >= 0 && at < LINE4) { return ${image.load('x[line + at]')}; }
  return vec4f();
}
fn loadW(ky: i32, depth: u32, column: u32) -> vec4f {
  if (depth < DEPTH && column < CO4) { return w[(u32(ky) * DEPTH + depth) * CO4 + column]; }
  return vec4f();
}

${tileMain}
  let column = group.x * TILE_COLUMNS4 + local.x;
  let row = (group.z * GRID_Y + group.y) * TILE_ROWS;
  // This invocation loads vec4 lane % TILE_DEPTH4 of rows lane / TILE_DEPTH4 + j·LANES / TILE_DEPTH4. Rows past the end lie so
  // far above their image that no tap reaches it.
  let depth4 = lane % TILE_DEPTH4;
  ${unroll(
    leftLoads,
    (j) => `let r${j} = row + (lane + ${j}u * LANES) / TILE_DEPTH4;
  let pixel${j} = r${j} % (OH * OW);
  let y${j} = select(-K, i32(pixel${j} / OW) * S - P, r${j} < ROWS);
  let x${j} = (i32(pixel${j} % OW) * S - P) * i32(CI / 4u);
  let image${j} = i32(r${j} / (OH * OW)) * H;`,
    '\n  ',
  )}
  ${frame.accumulators}
  for (var ky = 0; ky < K; ky++) {
    ${unroll(
      leftLoads,
      (j) => `let iy${j} = y${j} + ky;
    let inside${j} = iy${j} >= 0 && iy${j} < H;
    let line${j} = (image${j} + iy${j}) * LINE4;`,
      '\n    ',
    )}
    for (var k = 0u; k < DEPTH; k += TILE_DEPTH) {
      // Load: tiles [row, depth in vec4s] of x and [depth, column] of w.
      let d = k / 4u + depth4;
      let real = 4u * d < DEPTH;
      ${unroll(
        leftLoads,
        (j) => `putLeft(lane + ${j}u * LANES, loadX(inside${j} && real, line${j}, x${j} + i32(d)));`,
        '\n      ',
      )}
      ${unroll(
        rightLoads,
        (j) => `putRight(lane + ${j}u * LANES, loadW(ky, k + local.y + ${j}u * DOWN, column));`,
        '\n      ',
      )}
      workgroupBarrier(); // the tiles are whole
      // Compute
      ${frame.multiply}
      workgroupBarrier(); // nobody reads the tiles any more
    }
  }
  // Store
  ${frame.settle}
  if (column < CO4) {
    ${store(epilogue, t.height, image, {
      rowOf: (i) => `row + ${frame.rowOf(i)}`,
      at: (row) => row,
      part: '((group.z * GRID_Y + group.y) * DOWN + local.y)',
      every,
    })}
  }
}`
}
