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
import { ceilDiv, cover, declare, elementMain, type Kernel, read, type Target, unroll, write } from '../kernel.ts'
import { bytes, type Conv2d, depthStep, directShape, flops, outputSize, type Variant } from './conv2d.ts'

const longestSum = 8192

export const filterGradientRows = (c: Conv2d): number => c.kernel * c.kernel * c.ci

/** Parts of the pixel sum: enough workgroups to fill the adapter, and no sum longer than `longestSum`. */
export function chooseSplits(c: Conv2d, variant: Variant, target: Target): number {
  const { oh, ow } = outputSize(c)
  const pixels = c.n * oh * ow
  const { across, down } = directShape(c.co / 4)
  const blocks =
    variant.kind === 'broadcast'
      ? ceilDiv(c.co / 4, variant.lanes) * ceilDiv(filterGradientRows(c), variant.rows)
      : ceilDiv(c.co / 4, across) * ceilDiv(filterGradientRows(c), variant.rows * down)
  const toFill = ceilDiv(target.software ? 16 : 1024, blocks)
  const most = Math.max(1, Math.floor(pixels / 64))
  return Math.max(Math.min(toFill, most, 64), ceilDiv(pixels, longestSum))
}

/** Bindings: x [n, h, w, ci] · dy [n, oh, ow, co] → parts [splits, kernel², ci, co]. */
export function conv2dFilterGradient(c: Conv2d, variant: Variant, splits: number): Kernel {
  const { oh, ow } = outputSize(c)
  const rows = filterGradientRows(c)
  const columns = c.co / 4
  const pixels = c.n * oh * ow
  const { across, down } = directShape(columns)
  const bindings = [read('x', variant.kind === 'broadcast' ? 'array<f32>' : 'array<vec4f>'), read('dy'), write('parts')]
  const constants = /* wgsl */ `
const H = ${c.h}; const W = ${c.w}; const OH = ${oh}u; const OW = ${ow}u;
const CI = ${c.ci}u; const CO4 = ${columns}u; const K = ${c.kernel}u; const S = ${c.stride}; const P = ${c.padding};
const ROWS = ${rows}u; const PIXELS = ${pixels}u;
const PART = ${ceilDiv(ceilDiv(pixels, splits), depthStep) * depthStep}u; // pixels of one part`
  return {
    name: `conv2d.filterGradient.${variant.kind}`,
    wgsl:
      variant.kind === 'broadcast'
        ? broadcast(declare(bindings), constants, variant.lanes, variant.rows, c.ci % variant.rows === 0)
        : direct(declare(bindings), constants, across, down),
    bindings,
    workgroups: [
      ceilDiv(columns, variant.kind === 'broadcast' ? variant.lanes : across),
      ceilDiv(rows, variant.kind === 'broadcast' ? variant.rows : variant.rows * down),
      splits,
    ],
    flops: flops(c),
    bytes: bytes(c),
  }
}

/**
 * One subgroup: a lane keeps `tile` rows (filter taps and input channels) of one column; lane % 4 is the pixel that a lane
 * loads, lane / 4 its row. Where a block lies within one tap (`oneTap`), the pixel's address is shared by all its rows.
 */
function broadcast(declarations: string, constants: string, lanes: number, tile: number, oneTap: boolean): string {
  const rowsPerLoad = lanes / depthStep
  const loads = tile / rowsPerLoad
  const spread = (i: number, depth: number): string =>
    `subgroupBroadcast(a${Math.floor(i / rowsPerLoad)}, ${(i % rowsPerLoad) * depthStep + depth}u) * g${depth}`
  const rows = oneTap
    ? /* wgsl */ `let tap = row / CI;
  let offset = vec2i(i32(tap / K), i32(tap % K)) - P;
  let channel = row % CI + lane / 4u;`
    : unroll(
        loads,
        (j) => /* wgsl */ `let r${j} = min(row + ${j * rowsPerLoad}u + lane / 4u, ROWS - 1u);
  let offset${j} = vec2i(i32(r${j} / CI / K), i32(r${j} / CI % K)) - P;
  let channel${j} = r${j} % CI;`,
        '\n  ',
      )
  const gather = oneTap
    ? /* wgsl */ `let iy = oy + offset.x; let ix = ox + offset.y;
    let inside = select(0f, 1f, real && iy >= 0 && iy < H && ix >= 0 && ix < W);
    let at = u32(image + clamp(iy, 0, H - 1) * W + clamp(ix, 0, W - 1)) * CI + channel;
    ${unroll(loads, (j) => `let a${j} = x[at + ${j * rowsPerLoad}u] * inside;`, '\n    ')}`
    : unroll(
        loads,
        (j) => /* wgsl */ `let iy${j} = oy + offset${j}.x; let ix${j} = ox + offset${j}.y;
    let inside${j} = select(0f, 1f, real && iy${j} >= 0 && iy${j} < H && ix${j} >= 0 && ix${j} < W);
    let a${j} = x[u32(image + clamp(iy${j}, 0, H - 1) * W + clamp(ix${j}, 0, W - 1)) * CI + channel${j}] * inside${j};`,
        '\n    ',
      )
  return /* wgsl */ `enable subgroups;
${declarations}
${constants}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let column = group.x * ${lanes}u + lane;
  let safeColumn = min(column, CO4 - 1u);
  let row = group.y * ${tile}u;
  ${rows}
  ${unroll(tile, (i) => `var c${i} = vec4f();`, ' ')}
  let end = min((group.z + 1u) * PART, PIXELS);
  for (var p = group.z * PART; p < end; p += 4u) {
    ${unroll(depthStep, (d) => `let g${d} = dy[min(p + ${d}u, PIXELS - 1u) * CO4 + safeColumn];`, '\n    ')}
    let real = p + lane % 4u < end;
    let pixel = min(p + lane % 4u, PIXELS - 1u);
    let oy = i32(pixel / OW % OH) * S;
    let ox = i32(pixel % OW) * S;
    let image = i32(pixel / (OH * OW)) * H * W;
    ${gather}
    ${unroll(tile, (i) => `c${i} += ${unroll(depthStep, (d) => spread(i, d), ' + ')};`, '\n    ')}
  }
  if (column < CO4) {
    ${unroll(tile, (i) => `if (row + ${i}u < ROWS) { parts[(group.z * ROWS + row + ${i}u) * CO4 + column] = c${i}; }`, '\n    ')}
  }
}`
}

/** An invocation keeps the four rows of one vec4 of input channels, at one tap, for one column. */
function direct(declarations: string, constants: string, across: number, down: number): string {
  return /* wgsl */ `${declarations}
${constants}
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
      let a = x[u32((i32(p / (OH * OW)) * H + iy) * W + ix) * (CI / 4u) + channel4];
      let g = dy[p * CO4 + column];
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

/** Adds partial sums in order. Bindings: parts [splits, elements] → sum [elements]; elements in multiples of 4. */
export function sumParts(splits: number, elements: number): Kernel {
  const count = elements / 4
  const bindings = [read('parts'), write('sum')]
  return {
    name: 'conv2d.sumParts',
    wgsl: /* wgsl */ `${declare(bindings)}
${elementMain(count)}
  var total = vec4f();
  for (var part = 0u; part < ${splits}u; part++) { total += parts[part * ${count}u + i]; }
  sum[i] = total;
}`,
    bindings,
    workgroups: cover(count),
    flops: splits * elements,
    bytes: 4 * (splits + 1) * elements,
  }
}
