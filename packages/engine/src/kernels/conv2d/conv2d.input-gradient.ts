/**
 * Convolution, gradient of its input:  dx[n, iy, ix, ci] = Σ dy[n, oy, ox, co] · w[ky, kx, ci, co]  over all ky, kx, co
 * with oy·s = iy + p − ky and ox·s = ix + p − kx.
 *
 * With stride s only every s-th tap reaches a given pixel, so pixels are taken by phase (iy mod s, ix mod s): within one
 * phase the taps are the same for every pixel, and none is wasted. Stride 1 is the case of one phase.
 *
 * Mapping   workgroup.x = a block of columns (ci in vec4s), .y/.z = phase and a block of its rows (n, iy, ix);
 *           loop over the phase's taps, then co by 4. `tile` takes the filter transposed (co, ci), from `transposeFilter`; the
 *           others load 4 × 4 blocks of it as it is and take them by columns, which costs nothing in registers.
 * Numerics  f32 accumulators, tap order then co order. A phase without taps writes zeros.
 */
import { type ActivationText, activations, ceilDiv, declare, type Kernel, read, unroll, write } from '../kernel.ts'
import * as broadcastFrame from './conv2d.broadcast.ts'
import type { Matrix } from './conv2d.matrix.ts'
import { type Tile, tileFrame, tileLayout, tileMain } from './conv2d.tile.ts'
import {
  blockOf,
  type Conv2d,
  costOf,
  directShape,
  flattened,
  outputSize,
  type Product,
  type ProductVariant,
  rowGrid,
} from './conv2d.ts'

/** One phase: the input pixels of a batch, a share 1/s of each axis. */
export const inputGradientProduct = (c: Conv2d): Product => ({
  rows: c.n * ceilDiv(c.h, c.stride) * ceilDiv(c.w, c.stride),
  columns: c.ci,
  parts: c.stride * c.stride,
})

/** Whether a variant takes the filter as [kernel², co, ci]. */
export const takesTransposed = (variant: ProductVariant): boolean =>
  variant.kind === 'tile' || variant.kind === 'matrix'

/** Bindings: dy [n, oh, ow, co] · w [kernel², ci, co], or wt [kernel², co, ci] if `takesTransposed` → dx [n, h, w, ci]. */
export function conv2dInputGradient(problem: Conv2d, variant: ProductVariant): Kernel {
  const c = flattened(problem)
  const { oh, ow } = outputSize(c)
  const { rows, parts } = inputGradientProduct(c)
  const columns = c.ci / 4
  const block = blockOf(variant, columns)
  const grid = rowGrid(ceilDiv(rows, block.rows))
  const image = activations(c.type)
  const filter = takesTransposed(variant) ? 'wt' : 'w'
  const bindings = [read('dy', image.array), read(filter), write('dx', image.array)]
  const head = /* wgsl */ `${declare(bindings)}
const H = ${c.h}; const W = ${c.w}; const OH = ${oh}; const OW = ${ow};
const CO = ${c.co}u; const CI4 = ${columns}u; const K = ${c.kernel}; const S = ${c.stride}; const P = ${c.padding};
// Pixels of one phase along each axis, and rows of one phase.
const HP = ${ceilDiv(c.h, c.stride)}u; const WP = ${ceilDiv(c.w, c.stride)}u;
const N = ${c.n}u; const ROWS = ${rows}u; const GRID_Y = ${grid.y}u; const FOLDS = ${grid.folds}u;`
  return {
    name: `conv2d.inputGradient.${variant.kind}`,
    wgsl: shader(head, columns, variant, image),
    bindings,
    workgroups: [ceilDiv(columns, block.columns), grid.y, grid.folds * parts],
    ...costOf(c, variant),
  }
}

function shader(head: string, columns: number, variant: ProductVariant, image: ActivationText): string {
  switch (variant.kind) {
    case 'broadcast':
      return broadcast(head, variant, image)
    case 'tile':
    case 'matrix':
      return tile(head, variant, image)
    case 'direct':
      return direct(head, columns, variant.rows, image)
  }
}

const phaseOf = /* wgsl */ `let phaseIndex = i32(group.z / FOLDS);
  let phase = vec2i(phaseIndex / S, phaseIndex % S);`

/** Functions that know the order of rows: image by image, or position by position. */
const rowOrder = (byPosition: boolean, { store }: ActivationText): string => /* wgsl */ `
/** Pixel of a row as (n, iy, ix). */
fn pixelOf(row: u32, phase: vec2i) -> vec3i {
  let q = ${byPosition ? 'row / N' : 'row % (HP * WP)'};
  return vec3i(i32(${byPosition ? 'row % N' : 'row / (HP * WP)'}), i32(q / WP) * S + phase.x, i32(q % WP) * S + phase.y);
}
fn store(row: u32, phase: vec2i, column: u32, value: vec4f) {
  let at = pixelOf(row, phase);
  if (row < ROWS && at.y < H && at.z < W) { dx[u32((at.x * H + at.y) * W + at.z) * CI4 + column] = ${store('value')}; }
}`

/** b‹d› = the filter's [depth k + d, four columns], from its [ci, co] as it lies. */
const loadBlock = (column: string): string => /* wgsl */ `${unroll(
  4,
  (i) => `let m${i} = w[((tap * CI4 + ${column}) * 4u + ${i}u) * (CO / 4u) + k / 4u];`,
  '\n        ',
)}
        ${unroll(4, (d) => `let b${d} = vec4f(m0[${d}], m1[${d}], m2[${d}], m3[${d}]);`, '\n        ')}`

/** See conv2d.broadcast.ts. Row = position · N + image, within a phase; a lane loads four channels of the pixels under one tap. */
function broadcast(head: string, v: broadcastFrame.Broadcast, image: ActivationText): string {
  const { lanes, rows } = v
  const loads = broadcastFrame.leftLoads(v)
  return /* wgsl */ `enable subgroups;
${head}
${rowOrder(true, image)}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let column = group.x * ${lanes}u + lane;
  let safeColumn = min(column, CI4 - 1u);
  ${phaseOf}
  let row = (group.z % FOLDS * GRID_Y + group.y) * ${rows}u;
  // Taps through which some position of this workgroup meets dy: those from its first to its last row.
  let first = pixelOf(row, phase);
  let last = pixelOf(min(row + ${rows - 1}u, ROWS - 1u), phase);
  let oneLine = first.y == last.y;
  let left = select(phase.y, first.z, oneLine);
  let right = select(phase.y + (i32(WP) - 1) * S, last.z, oneLine);
  // This lane loads rows row + lane + j·${lanes}.
  ${unroll(loads, (j) => `let at${j} = pixelOf(min(row + ${j * lanes}u + lane, ROWS - 1u), phase);`, '\n  ')}
  ${broadcastFrame.accumulators(v)}
  for (var ky = max((phase.x + P) % S, first.y + P - (OH - 1) * S); ky < min(K, last.y + P + 1); ky += S) {
    for (var kx = max((phase.y + P) % S, left + P - (OW - 1) * S); kx < min(K, right + P + 1); kx += S) {
      ${unroll(
        loads,
        (j) => `let oy${j} = (at${j}.y + P - ky) / S; let ox${j} = (at${j}.z + P - kx) / S;
      let inside${j} = select(0f, 1f, at${j}.y + P >= ky && oy${j} < OH && at${j}.z + P >= kx && ox${j} < OW);
      let origin${j} = u32((at${j}.x * OH + clamp(oy${j}, 0, OH - 1)) * OW + clamp(ox${j}, 0, OW - 1)) * (CO / 4u);`,
        '\n      ',
      )}
      let tap = u32(ky * K + kx);
      for (var k = 0u; k < CO; k += 4u) {
        ${loadBlock('safeColumn')}
        ${unroll(loads, (j) => `let a${j} = ${image.load(`dy[origin${j} + k / 4u]`)} * inside${j};`, '\n        ')}
        ${broadcastFrame.multiplyByRows(v, '\n        ')}
      }
    }
  }
  if (column < CI4) {
    ${unroll(rows, (i) => `store(row + ${i}u, phase, column, c${i});`, '\n    ')}
  }
}`
}

function direct(head: string, columns: number, tile: number, image: ActivationText): string {
  const { across, down } = directShape(columns)
  return /* wgsl */ `${head}
${rowOrder(false, image)}
@compute @workgroup_size(${across}, ${down})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let column = group.x * ${across}u + local.x;
  ${phaseOf}
  let row = ((group.z % FOLDS * GRID_Y + group.y) * ${down}u + local.y) * ${tile}u;
  if (column >= CI4 || row >= ROWS) { return; }
  ${unroll(
    tile,
    (i) => `let at${i} = pixelOf(min(row + ${i}u, ROWS - 1u), phase);
  var c${i} = vec4f();`,
    '\n  ',
  )}
  for (var ky = (phase.x + P) % S; ky < K; ky += S) {
    for (var kx = (phase.y + P) % S; kx < K; kx += S) {
      ${unroll(
        tile,
        (i) => `let oy${i} = (at${i}.y + P - ky) / S; let ox${i} = (at${i}.z + P - kx) / S;
      let inside${i} = select(0f, 1f, at${i}.y + P >= ky && oy${i} < OH && at${i}.z + P >= kx && ox${i} < OW);
      let origin${i} = u32((at${i}.x * OH + clamp(oy${i}, 0, OH - 1)) * OW + clamp(ox${i}, 0, OW - 1)) * (CO / 4u);`,
        '\n      ',
      )}
      let tap = u32(ky * K + kx);
      for (var k = 0u; k < CO; k += 4u) {
        ${loadBlock('column')}
        ${unroll(
          tile,
          (i) => `let a${i} = ${image.load(`dy[origin${i} + k / 4u]`)} * inside${i};
        c${i} += a${i}.x * b0 + a${i}.y * b1 + a${i}.z * b2 + a${i}.w * b3;`,
          '\n        ',
        )}
      }
    }
  }
  ${unroll(tile, (i) => `store(row + ${i}u, phase, column, c${i});`, '\n  ')}
}`
}

/** Tiles of dy and wt in workgroup memory; see conv2d.tile.ts. The taps of a phase are the same for the whole workgroup. */
function tile(head: string, t: Tile | Matrix, image: ActivationText): string {
  const { leftLoads, rightLoads } = tileLayout(t)
  const frame = tileFrame(t, 'by row')
  return /* wgsl */ `${frame.extensions}${head}
${rowOrder(false, image)}
${frame.memory}
/** vec4 \`at\` of dy, or 0 outside. */
fn loadDy(inside: bool, at: u32) -> vec4f {
  if (inside) { return ${image.load('dy[at]')}; }
  return vec4f();
}
fn loadWt(tap: u32, depth: u32, column: u32) -> vec4f {
  if (depth < CO && column < CI4) { return wt[(tap * CO + depth) * CI4 + column]; }
  return vec4f();
}

${tileMain}
  let column = group.x * TILE_COLUMNS4 + local.x;
  ${phaseOf}
  let row = (group.z % FOLDS * GRID_Y + group.y) * TILE_ROWS;
  // This invocation loads vec4 lane % TILE_DEPTH4 of rows lane / TILE_DEPTH4 + j·LANES / TILE_DEPTH4.
  let depth4 = lane % TILE_DEPTH4;
  ${unroll(
    leftLoads,
    (j) => `let r${j} = row + (lane + ${j}u * LANES) / TILE_DEPTH4;
  let at${j} = pixelOf(r${j}, phase);`,
    '\n  ',
  )}
  ${frame.accumulators}
  for (var ky = (phase.x + P) % S; ky < K; ky += S) {
    for (var kx = (phase.y + P) % S; kx < K; kx += S) {
      ${unroll(
        leftLoads,
        (j) => `let oy${j} = (at${j}.y + P - ky) / S; let ox${j} = (at${j}.z + P - kx) / S;
      let inside${j} = r${j} < ROWS && at${j}.y + P >= ky && oy${j} < OH && at${j}.z + P >= kx && ox${j} < OW;
      let origin${j} = u32((at${j}.x * OH + oy${j}) * OW + ox${j}) * (CO / 4u);`,
        '\n      ',
      )}
      let tap = u32(ky * K + kx);
      for (var k = 0u; k < CO; k += TILE_DEPTH) {
        // Load: tiles [row, depth in vec4s] of dy and [depth, column] of wt.
        let d = k / 4u + depth4;
        let real = 4u * d < CO;
        ${unroll(
          leftLoads,
          (j) => `putLeft(lane + ${j}u * LANES, loadDy(inside${j} && real, origin${j} + d));`,
          '\n        ',
        )}
        ${unroll(
          rightLoads,
          (j) => `putRight(lane + ${j}u * LANES, loadWt(tap, k + local.y + ${j}u * DOWN, column));`,
          '\n        ',
        )}
        workgroupBarrier(); // the tiles are whole
        // Compute
        ${frame.multiply}
        workgroupBarrier(); // nobody reads the tiles any more
      }
    }
  }
  // Store
  ${frame.settle}
  if (column < CI4) {
    ${unroll(t.height, (i) => `store(row + ${frame.rowOf(i)}, phase, column, c${i});`, '\n    ')}
  }
}`
}
