/**
 * Convolution, forward:  y[row, co] = Σ_{ky, kx, ci} x[n, oy·s − p + ky, ox·s − p + kx, ci] · w[ky, kx, ci, co],  row = (n, oy, ox)
 *
 * Mapping   workgroup.x = a block of columns (co in vec4s), workgroup.y/z = a block of rows; loop over taps, then ci by 4.
 * Numerics  f32 accumulators, summed in tap order then ci order; positions in the padding read a clamped pixel times 0.
 * Cost      2·rows·taps·ci·co flops; x is read ⌈co4 / lanes⌉ times a tap, w once a row block (mostly from cache).
 */
import { ceilDiv, declare, type Kernel, read, unroll, write } from '../kernel.ts'
import { bytes, type Conv2d, depthStep, directShape, flops, outputSize, rowGrid, type Variant } from './conv2d.ts'

/** Bindings: x [n, h, w, ci] · w [kernel², ci, co] → y [n, oh, ow, co]. */
export function conv2dForward(c: Conv2d, variant: Variant): Kernel {
  const { oh, ow } = outputSize(c)
  const rows = c.n * oh * ow
  const columns = c.co / 4
  const { across, down } = directShape(columns)
  const grid = rowGrid(ceilDiv(rows, variant.kind === 'broadcast' ? variant.rows : variant.rows * down))
  const bindings = [read('x', variant.kind === 'broadcast' ? 'array<f32>' : 'array<vec4f>'), read('w'), write('y')]
  const constants = /* wgsl */ `
const H = ${c.h}; const W = ${c.w}; const OH = ${oh}u; const OW = ${ow}u;
const CI = ${c.ci}u; const CO4 = ${columns}u; const K = ${c.kernel}; const S = ${c.stride}; const P = ${c.padding};
const ROWS = ${rows}u; const GRID_Y = ${grid.y}u;`
  return {
    name: `conv2d.forward.${variant.kind}`,
    wgsl:
      variant.kind === 'broadcast'
        ? broadcast(declare(bindings), constants, variant.lanes, variant.rows)
        : direct(declare(bindings), constants, across, down, variant.rows),
    bindings,
    workgroups: [ceilDiv(columns, variant.kind === 'broadcast' ? variant.lanes : across), grid.y, grid.folds],
    flops: flops(c),
    bytes: bytes(c),
  }
}

/** One subgroup: a lane keeps `tile` rows of one column; four lanes load one row's four depths, and all lanes get them. */
function broadcast(declarations: string, constants: string, lanes: number, tile: number): string {
  const rowsPerLoad = lanes / depthStep
  const loads = tile / rowsPerLoad
  const spread = (i: number, depth: number): string =>
    `subgroupBroadcast(a${Math.floor(i / rowsPerLoad)}, ${(i % rowsPerLoad) * depthStep + depth}u) * b${depth}`
  return /* wgsl */ `enable subgroups;
${declarations}
${constants}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let column = group.x * ${lanes}u + lane;
  let safeColumn = min(column, CO4 - 1u);
  let row = (group.z * GRID_Y + group.y) * ${tile}u;
  // This lane loads depth lane % 4 of rows row + lane / 4 + j·${rowsPerLoad}.
  ${unroll(
    loads,
    (j) => `let r${j} = min(row + ${j * rowsPerLoad}u + lane / 4u, ROWS - 1u);
  let pixel${j} = r${j} % (OH * OW);
  let y${j} = i32(pixel${j} / OW) * S - P;
  let x${j} = i32(pixel${j} % OW) * S - P;
  let image${j} = i32(r${j} / (OH * OW)) * H * W;`,
    '\n  ',
  )}
  ${unroll(tile, (i) => `var c${i} = vec4f();`, ' ')}
  for (var ky = 0; ky < K; ky++) {
    for (var kx = 0; kx < K; kx++) {
      ${unroll(
        loads,
        (j) => `let iy${j} = y${j} + ky; let ix${j} = x${j} + kx;
      let inside${j} = select(0f, 1f, iy${j} >= 0 && iy${j} < H && ix${j} >= 0 && ix${j} < W);
      let at${j} = u32(image${j} + clamp(iy${j}, 0, H - 1) * W + clamp(ix${j}, 0, W - 1)) * CI + lane % 4u;`,
        '\n      ',
      )}
      let tap = u32(ky * K + kx) * CI;
      for (var k = 0u; k < CI; k += 4u) {
        ${unroll(depthStep, (d) => `let b${d} = w[(tap + k + ${d}u) * CO4 + safeColumn];`, '\n        ')}
        ${unroll(loads, (j) => `let a${j} = x[at${j} + k] * inside${j};`, '\n        ')}
        ${unroll(tile, (i) => `c${i} += ${unroll(depthStep, (d) => spread(i, d), ' + ')};`, '\n        ')}
      }
    }
  }
  if (column < CO4) {
    ${unroll(tile, (i) => `if (row + ${i}u < ROWS) { y[(row + ${i}u) * CO4 + column] = c${i}; }`, '\n    ')}
  }
}`
}

/** An invocation keeps `tile` neighbouring rows of one column and loads their four depths as one vec4 each. */
function direct(declarations: string, constants: string, across: number, down: number, tile: number): string {
  return /* wgsl */ `${declarations}
${constants}
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
          (i) => `let a${i} = x[at${i} + k / 4u] * inside${i};
        c${i} += a${i}.x * b0 + a${i}.y * b1 + a${i}.z * b2 + a${i}.w * b3;`,
          '\n        ',
        )}
      }
    }
  }
  ${unroll(tile, (i) => `if (row + ${i}u < ROWS) { y[(row + ${i}u) * CO4 + column] = c${i}; }`, '\n  ')}
}`
}
