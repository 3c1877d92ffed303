/**
 * The `matrix` variant: the product of two tiles in workgroup memory by the matrix units of a GPU (tensor cores, simdgroup
 * matrices), through Dawn's chromium_experimental_subgroup_matrix. Tiles are loaded and results leave as in `tile`.
 *
 * Mapping   A workgroup of SUBGROUPS subgroups computes rows × columns outputs. A subgroup takes rows / SUBGROUPS of them and all
 *           columns, as blocks of side × side in matrices r‹i›_‹j› of its own; the tile's depth is taken by `side`.
 * Memory    Tiles of `component` (f16 where activations are stored so, else f32), and a block of f32 through which the results
 *           return to the invocations that store them: matrices cannot be taken apart.
 * Numerics  Products of two components are exact in f32 and summed in f32, in an order that is the hardware's: the same bits each
 *           time on one adapter.
 * Trust     No adapter at hand has matrix units. `emulated` replaces the built-in functions by loops that compute the same, so that
 *           everything around them is tested; the text with the real ones is compiled by Dawn's null backend; and the
 *           autotuner never chooses a variant whose results differ from the heuristic's.
 */
import { unroll } from '../kernel.ts'

export interface Matrix {
  kind: 'matrix'
  /** Outputs of a workgroup. */
  rows: number
  columns: number
  /** Depth of the sum that is held in workgroup memory at a time. */
  depth: number
  /** Rows of one vec4 of columns that an invocation stores. */
  height: number
  component: 'f16' | 'f32'
  /** Side of the hardware's matrices. */
  side: 8 | 16
  /** Invocations of a subgroup. */
  lanes: number
  emulated?: true
}

/** Extensions that the WGSL of a matrix needs. */
export const matrixExtensions = ({ component, emulated }: Matrix): string =>
  (component === 'f16' ? 'enable f16;\n' : '') + (emulated ? '' : subgroupMatrix)

// An address made from the number of the subgroup is uniform in it, which Tint cannot see.
const subgroupMatrix = `enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);
`

/** Subgroups of a workgroup of `invocations`, and blocks of each: down its rows and across its columns. */
function blocksOf(m: Matrix, invocations: number): { subgroups: number; down: number; across: number } {
  const subgroups = invocations / m.lanes
  return { subgroups, down: m.rows / subgroups / m.side, across: m.columns / m.side }
}

/** Throws a RangeError where a workgroup of `invocations` cannot share the blocks out evenly. */
export function checkMatrix(m: Matrix, invocations: number): void {
  const { subgroups, down, across } = blocksOf(m, invocations)
  if ([subgroups, down, across, m.depth / m.side].every((n) => Number.isInteger(n) && n > 0)) return
  throw new RangeError(
    `${m.rows} × ${m.columns} outputs of depth ${m.depth} cannot be shared out over ${subgroups} subgroups by blocks of ${m.side} × ${m.side}: choose powers of two`,
  )
}

/** Bytes of workgroup memory. */
export const matrixBytes = ({ rows, columns, depth, component }: Matrix): number =>
  (component === 'f16' ? 2 : 4) * depth * (rows + columns) + 4 * rows * columns

/** Workgroup memory, and the functions on it. `leftByDepth`: the left tile lies [depth, row], not [row, depth]. */
export function matrixMemory(m: Matrix, leftByDepth: boolean): string {
  const { rows, columns, depth, component } = m
  const put = (tile: string): string =>
    `fn put${tile === 'left' ? 'Left' : 'Right'}(at: u32, v: vec4f) {
  ${unroll(4, (i) => `${tile}[4u * at + ${i}u] = ${component}(v[${i}]);`, ' ')}
}`
  return /* wgsl */ `
var<workgroup> left: array<${component}, ${rows * depth}>;
var<workgroup> right: array<${component}, ${depth * columns}>;
var<workgroup> result: array<f32, ${rows * columns}>;
${put('left')}
${put('right')}
${(m.emulated ? emulated : builtIn)(m, leftByDepth)}`
}

type Functions = (m: Matrix, leftByDepth: boolean) => string

const builtIn: Functions = ({ component, side, rows, columns, depth }, leftByDepth) => /* wgsl */ `
alias Left = subgroup_matrix_left<${component}, ${side}, ${side}>;
alias Right = subgroup_matrix_right<${component}, ${side}, ${side}>;
alias Result = subgroup_matrix_result<f32, ${side}, ${side}>;
fn loadLeft(at: u32) -> Left {
  return subgroupMatrixLoad<Left, ${leftByDepth ? 'col_major' : 'row_major'}>(&left, at, ${leftByDepth ? rows : depth}u);
}
fn loadRight(at: u32) -> Right { return subgroupMatrixLoad<Right, row_major>(&right, at, ${columns}u); }
fn multiplyAdd(a: Left, b: Right, c: Result) -> Result { return subgroupMatrixMultiplyAccumulate(a, b, c); }
fn storeResult(at: u32, c: Result) { subgroupMatrixStore<row_major>(&result, at, c, ${columns}u); }`

/**
 * The same by loops. A factor is where it begins in its tile; of a result, each invocation of the subgroup holds its share, as the
 * hardware's do. Equal but for the order of sums. (`none` is 0, which the compiler does not know: it would unroll for minutes.)
 */
const emulated: Functions = (m, leftByDepth) => {
  const { side, columns, lanes } = m
  const leftStride = leftByDepth ? m.rows : m.depth
  return /* wgsl */ `
alias Left = u32;
alias Right = u32;
alias Result = array<f32, ${(side * side) / lanes}>;
var<workgroup> none: u32;
var<private> invocation: u32;
fn loadLeft(at: u32) -> Left { return at; }
fn loadRight(at: u32) -> Right { return at; }
fn multiplyAdd(a: Left, b: Right, c: Result) -> Result {
  var sum = c;
  for (var e = 0u; e < ${(side * side) / lanes}u + none; e++) {
    let at = invocation % ${lanes}u + e * ${lanes}u;
    for (var k = 0u; k < ${side}u + none; k++) {
      let l = left[a + ${leftByDepth ? `k * ${leftStride}u + at / ${side}u` : `at / ${side}u * ${leftStride}u + k`}];
      sum[e] += f32(l) * f32(right[b + k * ${columns}u + at % ${side}u]);
    }
  }
  return sum;
}
fn storeResult(to: u32, c: Result) {
  var sum = c;
  for (var e = 0u; e < ${(side * side) / lanes}u + none; e++) {
    let at = invocation % ${lanes}u + e * ${lanes}u;
    result[to + at / ${side}u * ${columns}u + at % ${side}u] = sum[e];
  }
}`
}

const each = ({ down, across }: { down: number; across: number }, line: (i: number, j: number) => string): string =>
  unroll(down, (i) => unroll(across, (j) => line(i, j), ' '), '\n  ')

/** The subgroup's matrices, all zero. */
export const matrixAccumulators = (m: Matrix, invocations: number): string => {
  const blocks = blocksOf(m, invocations)
  return `${m.emulated ? 'invocation = lane;\n  ' : ''}let firstRow = lane / ${m.lanes}u * ${blocks.down * m.side}u; // of this subgroup
  ${each(blocks, (i, j) => `var r${i}_${j}: Result;`)}`
}

/** Adds the product of the tiles. */
export function matrixMultiply(m: Matrix, invocations: number, leftByDepth: boolean): string {
  const blocks = blocksOf(m, invocations)
  const leftAt = (i: number): string =>
    leftByDepth ? `d * ${m.rows}u + firstRow + ${i * m.side}u` : `(firstRow + ${i * m.side}u) * ${m.depth}u + d`
  return /* wgsl */ `for (var d = 0u; d < ${m.depth}u; d += ${m.side}u) {
    ${unroll(blocks.down, (i) => `let l${i} = loadLeft(${leftAt(i)});`, ' ')}
    ${unroll(blocks.across, (j) => `let b${j} = loadRight(d * ${m.columns}u + ${j * m.side}u);`, ' ')}
    ${each(blocks, (i, j) => `r${i}_${j} = multiplyAdd(l${i}, b${j}, r${i}_${j});`)}
  }`
}

/** Gives the results back to the invocations: c‹i› is row `rowOf(i)` of the tile at the invocation's vec4 of columns. */
export function matrixSettle(m: Matrix, invocations: number, rowOf: (i: number) => string): string {
  const at = (i: number): string => `(${rowOf(i)}) * ${m.columns}u + 4u * local.x`
  return /* wgsl */ `${each(blocksOf(m, invocations), (i, j) => `storeResult((firstRow + ${i * m.side}u) * ${m.columns}u + ${j * m.side}u, r${i}_${j});`)}
  workgroupBarrier(); // the result is whole
  ${unroll(m.height, (i) => `let from${i} = ${at(i)};\n  let c${i} = vec4f(result[from${i}], result[from${i} + 1u], result[from${i} + 2u], result[from${i} + 3u]);`, '\n  ')}`
}
