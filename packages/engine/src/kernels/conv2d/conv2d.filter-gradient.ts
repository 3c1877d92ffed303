/**
 * Convolution, gradient of its filter:  dw[row, co] = Σ_{n, oy, ox} x[n, oy·s − p + ky, ox·s − p + kx, ci] · dy[n, oy, ox, co],
 * row = (ky, kx, ci).
 *
 * The depth, all output pixels of a batch, is long and the result small; so it is split into parts that write partial sums
 * [splits, rows, co], which `sumParts` adds in order: deterministic, without atomics. One part writes the result itself.
 *
 * Mapping   workgroup.x = a block of columns (co in vec4s), .y = a block of rows, .z = the part; loop over its pixels by 4.
 * Numerics  f32 accumulators over at most `longestSum` pixels a part, so that the rounding error stays bounded.
 */
import {
  type ActivationText,
  activations,
  ceilDiv,
  declare,
  type Kernel,
  read,
  type Target,
  unroll,
  write,
} from '../kernel.ts'
import * as broadcastFrame from './conv2d.broadcast.ts'
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
} from './conv2d.ts'

const longestSum = 8192
const mostParts = 64

/** Fewer pixels than this are not worth a part of their own. */
const shortestSum = 64

const pixelsOf = (c: Conv2d): number => {
  const { oh, ow } = outputSize(c)
  return c.n * oh * ow
}

const mostSplits = (depth: number): number => Math.max(1, Math.min(Math.floor(depth / shortestSum), mostParts))

export const filterGradientProduct = (c: Conv2d): Product => ({
  rows: c.kernel * c.kernel * c.ci,
  columns: c.co,
  parts: mostSplits(pixelsOf(c)),
})

/** Parts of the pixel sum under a variant. */
export function chooseSplits(c: Conv2d, variant: ProductVariant, target: Target): number {
  const { rows } = filterGradientProduct(c)
  const block = blockOf(variant, c.co / 4)
  return splitsOf(ceilDiv(c.co / 4, block.columns) * ceilDiv(rows, block.rows), pixelsOf(c), target)
}

/** Parts of a long sum of which `blocks` workgroups make one: enough to fill the adapter, and none longer than `longestSum`. */
export function splitsOf(blocks: number, depth: number, target: Target): number {
  const toFill = ceilDiv(target.software ? 16 : 1024, blocks)
  return Math.max(Math.min(toFill, mostSplits(depth)), ceilDiv(depth, longestSum))
}

/** Bindings: x [n, h, w, ci] · dy [n, oh, ow, co] → parts [splits, kernel², ci, co]. */
export function conv2dFilterGradient(problem: Conv2d, variant: ProductVariant, splits: number): Kernel {
  const c = flattened(problem)
  const { oh, ow } = outputSize(c)
  const { rows } = filterGradientProduct(c)
  const columns = c.co / 4
  const pixels = pixelsOf(c)
  const block = blockOf(variant, columns)
  const step = 'depth' in variant ? variant.depth : depthStep
  const image = activations(c.type)
  const bindings = [read('x', image.array), read('dy', image.array), write('parts')]
  const head = /* wgsl */ `${declare(bindings)}
const H = ${c.h}; const W = ${c.w}; const OH = ${oh}u; const OW = ${ow}u;
const CI = ${c.ci}u; const CO4 = ${columns}u; const K = ${c.kernel}u; const S = ${c.stride}; const P = ${c.padding};
const N = ${c.n}u; const ROWS = ${rows}u; const PIXELS = ${pixels}u; const SPLITS = ${splits}u;
const PART = ${ceilDiv(ceilDiv(pixels, splits), step) * step}u; // pixels of one part`
  return {
    name: `conv2d.filterGradient.${variant.kind}`,
    wgsl: shader(head, c, variant, image),
    bindings,
    workgroups: [ceilDiv(columns, block.columns), ceilDiv(rows, block.rows), splits],
    ...costOf(c, variant),
  }
}

function shader(head: string, c: Conv2d, variant: ProductVariant, image: ActivationText): string {
  switch (variant.kind) {
    case 'broadcast':
      return broadcast(head, variant, c.ci % variant.rows === 0, image)
    case 'tile':
    case 'matrix':
      return tile(head, variant, image)
    case 'direct':
      return direct(head, c.co / 4, image)
  }
}

/**
 * See conv2d.broadcast.ts. A lane loads four channels under one tap, of the pixel lane % 4 of four. Where a block lies within one
 * tap (`oneTap`), only those pixels are taken that the tap meets inside the image, position by position.
 */
function broadcast(head: string, v: broadcastFrame.Broadcast, oneTap: boolean, { load }: ActivationText): string {
  const { lanes, rows } = v
  const loads = broadcastFrame.leftLoads(v)
  // Pixels oy from window.x, ox from window.y, as many as size: the same for all lanes, as the loop over them must be.
  const window = oneTap
    ? /* wgsl */ `let offset = vec2i(i32(row / CI / K), i32(row / CI % K)) - P;
  let channel4 = row % CI / 4u + lane / 4u;
  let window = max(vec2i(), (vec2i(S - 1) - offset) / S);
  let size = max(vec2i(), min(vec2i(i32(OH), i32(OW)), (vec2i(H, W) - 1 - offset + S) / S) - window);`
    : /* wgsl */ `${unroll(
        loads,
        (j) => `let r${j} = min(row + ${j * lanes}u + lane / 4u * 4u, ROWS - 1u);
  let offset${j} = vec2i(i32(r${j} / CI / K), i32(r${j} / CI % K)) - P;
  let channels${j} = r${j} % CI / 4u;`,
        '\n  ',
      )}
  let window = vec2i();
  let size = vec2i(i32(OH), i32(OW));`
  const gather = oneTap
    ? /* wgsl */ `let at = u32(i32(image) * H * W + (oy * S + offset.x) * W + ox * S + offset.y) * (CI / 4u) + channel4;
    ${unroll(loads, (j) => `let a${j} = ${load(`x[at + ${(j * lanes) / 4}u]`)} * real;`, '\n    ')}`
    : unroll(
        loads,
        (j) => /* wgsl */ `let iy${j} = oy * S + offset${j}.x; let ix${j} = ox * S + offset${j}.y;
    let inside${j} = select(0f, real, iy${j} >= 0 && iy${j} < H && ix${j} >= 0 && ix${j} < W);
    let at${j} = u32(i32(image) * H * W + clamp(iy${j}, 0, H - 1) * W + clamp(ix${j}, 0, W - 1)) * (CI / 4u);
    let a${j} = ${load(`x[at${j} + channels${j}]`)} * inside${j};`,
        '\n    ',
      )
  return /* wgsl */ `enable subgroups;
${head}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let column = group.x * ${lanes}u + lane;
  let safeColumn = min(column, CO4 - 1u);
  let row = group.y * ${rows}u;
  ${window}
  let count = u32(size.x * size.y) * N;
  let length = (count + 4u * SPLITS - 1u) / (4u * SPLITS) * 4u; // pixels of a part
  let end = min((group.z + 1u) * length, count);
  let perLine = 1 / f32(max(size.y, 1));
  ${broadcastFrame.accumulators(v)}
  for (var p = group.z * length; p < end; p += 4u) {
    // This lane's pixel: image and position in the window. (q + ½) / width in f32 is the line for any q below 2²¹.
    let mine = min(p + lane % 4u, end - 1u);
    let real = select(0f, 1f, p + lane % 4u < end);
    let image = mine % N;
    let q = i32(mine / N);
    let line = i32((f32(q) + .5) * perLine);
    let oy = window.x + line;
    let ox = window.y + q - line * size.y;
    let dyAt = (image * OH * OW + u32(oy) * OW + u32(ox)) * CO4;
    ${unroll(depthStep, (d) => `let b${d} = ${load(`dy[subgroupBroadcast(dyAt, ${d}u) + safeColumn]`)};`, '\n    ')}
    ${gather}
    ${broadcastFrame.multiplyByDepth(v, '\n    ')}
  }
  if (column < CO4) {
    ${unroll(rows, (i) => `if (row + ${i}u < ROWS) { parts[(group.z * ROWS + row + ${i}u) * CO4 + column] = c${i}; }`, '\n    ')}
  }
}`
}

/** An invocation keeps the four rows of one vec4 of input channels, at one tap, for one column. */
function direct(head: string, columns: number, { load }: ActivationText): string {
  const { across, down } = directShape(columns)
  return /* wgsl */ `${head}
@compute @workgroup_size(${across}, ${down})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let column = group.x * ${across}u + local.x;
  let row = (group.y * ${down}u + local.y) * 4u;
  if (column >= CO4 || row >= ROWS) { return; }
  let tap = row / CI;
  let offset = vec2i(i32(tap / K), i32(tap % K)) - P;
  let channel4 = row % CI / 4u;
  var c0 = vec4f(); var c1 = vec4f(); var c2 = vec4f(); var c3 = vec4f();
  let end = min((group.z + 1u) * PART, PIXELS);
  for (var p = group.z * PART; p < end; p++) {
    let iy = i32(p / OW % OH) * S + offset.x;
    let ix = i32(p % OW) * S + offset.y;
    if (iy >= 0 && iy < H && ix >= 0 && ix < W) {
      let a = ${load('x[u32((i32(p / (OH * OW)) * H + iy) * W + ix) * (CI / 4u) + channel4]')};
      let g = ${load('dy[p * CO4 + column]')};
      c0 += a.x * g; c1 += a.y * g; c2 += a.z * g; c3 += a.w * g;
    }
  }
  let to = (group.z * ROWS + row) * CO4 + column;
  parts[to] = c0;
  parts[to + CO4] = c1;
  parts[to + 2u * CO4] = c2;
  parts[to + 3u * CO4] = c3;
}`
}

/**
 * Tiles of x and dy in workgroup memory; see conv2d.tile.ts. A vec4 of rows is four channels of one tap, so the tile of x lies
 * depth first, and an invocation holds whole vec4s of rows. Only the pixel's position is worked out for each load.
 */
function tile(head: string, t: Tile | Matrix, { load }: ActivationText): string {
  const { leftLoads, rightLoads } = tileLayout(t)
  const frame = tileFrame(t, 'by depth')
  return /* wgsl */ `${frame.extensions}${head}
${frame.memory}
/** What pixel p of dy meets in x at a tap's offset, or 0 outside. */
fn loadX(real: bool, p: u32, offset: vec2i, channel4: u32) -> vec4f {
  let iy = i32(p / OW % OH) * S + offset.x;
  let ix = i32(p % OW) * S + offset.y;
  if (real && iy >= 0 && iy < H && ix >= 0 && ix < W) {
    return ${load('x[u32((i32(p / (OH * OW)) * H + iy) * W + ix) * (CI / 4u) + channel4]')};
  }
  return vec4f();
}
fn loadDy(real: bool, p: u32, column: u32) -> vec4f {
  if (real && column < CO4) { return ${load('dy[p * CO4 + column]')}; }
  return vec4f();
}

${tileMain}
  let column = group.x * TILE_COLUMNS4 + local.x;
  let row = group.y * TILE_ROWS;
  // This invocation loads vec4 lane % TILE_ROWS4 of the rows, at pixels lane / TILE_ROWS4 + j·LANES / TILE_ROWS4.
  let source = row + 4u * (lane % TILE_ROWS4);
  let tap = source / CI;
  let offset = vec2i(i32(tap / K), i32(tap % K)) - P;
  let channel4 = source % CI / 4u;
  ${frame.accumulators}
  let end = min((group.z + 1u) * PART, PIXELS);
  for (var p = group.z * PART; p < end; p += TILE_DEPTH) {
    // Load: tiles [pixel, row in vec4s] of x and [pixel, column] of dy.
    ${unroll(
      leftLoads,
      (j) => `let px${j} = p + (lane + ${j}u * LANES) / TILE_ROWS4;
    putLeft(lane + ${j}u * LANES, loadX(px${j} < end && source < ROWS, px${j}, offset, channel4));`,
      '\n    ',
    )}
    ${unroll(
      rightLoads,
      (j) => `let py${j} = p + local.y + ${j}u * DOWN;
    putRight(lane + ${j}u * LANES, loadDy(py${j} < end, py${j}, column));`,
      '\n    ',
    )}
    workgroupBarrier(); // the tiles are whole
    // Compute
    ${frame.multiply}
    workgroupBarrier(); // nobody reads the tiles any more
  }
  // Store
  ${frame.settle}
  if (column < CO4) {
    ${unroll(
      t.height,
      (i) => `let to${i} = row + ${frame.rowOf(i)};
    if (to${i} < ROWS) { parts[(group.z * ROWS + to${i}) * CO4 + column] = c${i}; }`,
      '\n    ',
    )}
  }
}`
}
