/**
 * Batch normalisation over the rows (n, y, x) of x [rows, channels]:
 *
 *   training   μ = mean(x), σ² = mean((x − μ)²);   x̂ = (x − μ) / √(σ² + ε);   y = γ·x̂ + β
 *              running mean ← (1 − m)·old + m·μ;   running variance ← (1 − m)·old + m·σ²·rows/(rows − 1)   (as PyTorch)
 *   backward   dβ = Σ dy;   dγ = Σ dy·x̂;   dx = γ/√(σ² + ε) · (dy − dβ/rows − x̂·dγ/rows)
 *   evaluation y = γ·(x − running mean)/√(running variance + ε) + β
 *
 * What follows a batch norm in a ResNet is done on the way out, as its `tail`: nothing, ReLU, or the shortcut's sum and then
 * ReLU. With a ReLU tail the backward kernels take the gradient of the ReLU's output and mask it themselves, by the sign of
 * the normalised value, which costs less to compute anew than to read.
 *
 * Statistics and sums over rows are taken in parts, [parts, 2, channels], and put together in order by `…Finish` (an invocation =
 * one vec4 of channels): deterministic. The parts of the forward pass are `Moments`, which a convolution can leave as it stores its
 * result (kernels/conv2d/conv2d.epilogue.ts); `batchNormParts` makes them of any x. Those of the backward pass are plain sums.
 * Numerics: ε 1e-5, m .1. A part's squares are about its own mean, and parts are merged by Chan, Golub & LeVeque (Updating
 * Formulae and a Pairwise Algorithm for Computing Sample Variances, 1979), which keeps σ² accurate where |μ| ≫ σ.
 * `saved` [2, channels] keeps μ and 1/√(σ² + ε) for the backward pass.
 */
import {
  type ActivationText,
  type ActivationType,
  activations,
  ceilDiv,
  cover,
  declare,
  elementMain,
  type Kernel,
  read,
  readWrite,
  write,
} from './kernel.ts'

export interface BatchNorm {
  rows: number
  /** Padded; a multiple of 4. */
  channels: number
  /** Of x, y, the shortcut and their gradients. Vectors of channels, moments and sums are f32. Default f32. */
  type?: ActivationType
}

/** y as it leaves: max(y, 0), or max(y + shortcut, 0). */
export type Tail = 'none' | 'relu' | 'shortcut'

/** WGSL for what `tail` makes of `value` at element `at`. */
export function withTail(tail: Tail, value: string, { load }: ActivationText): string {
  if (tail === 'none') return value
  return `max(${value}${tail === 'shortcut' ? ` + ${load('shortcut[at]')}` : ''}, vec4f())`
}

export const epsilon = '1e-5'
const momentum = '.1'

/** Partial statistics [parts, 2, channels]: of the rows of each part, Σx and Σ(x − their mean)². */
export interface Moments {
  parts: number
  /** WGSL for the number of rows in part `part`; it may use ROWS. */
  rowsOf: string
}

/** Parts of `length` neighbouring rows. */
export const neighbours = (rows: number, length: number): Moments => ({
  parts: ceilDiv(rows, length),
  rowsOf: `min(${length}u, ROWS - part * ${length}u)`,
})

/** More parts than this are merged by many invocations before the few that finish. */
const manyParts = 1024

/** Rows that one part sums. A part is long enough to be worth an invocation, and few enough to finish in one short loop. */
export function partsOf({ rows, channels }: BatchNorm): { parts: number; length: number } {
  const parts = Math.max(1, Math.min(256, ceilDiv(rows, 32), ceilDiv(65536, channels / 4)))
  const length = ceilDiv(rows, parts)
  return { parts: ceilDiv(rows, length), length }
}

/** Of all rows, those that one dispatch sums: into `parts` parts as long as the others', zeros where its rows have ended. */
export interface Share {
  rows: number
  parts: number
}

/** The share of a dispatch of some of the rows; its parts come in multiples of `step`. */
export function shareOf(b: BatchNorm, rows: number, step: number): Share {
  return { rows, parts: ceilDiv(ceilDiv(rows, partsOf(b).length), step) * step }
}

const shape = (b: BatchNorm, rows: number = b.rows): string => {
  const { length } = partsOf(b)
  return `const ROWS = ${rows}u; const C4 = ${b.channels / 4}u; const LENGTH = ${length}u;`
}

/** WGSL that leaves in `g` the gradient of the normalised value, given that of what left; expects `xhat`, `scaling` and `shift`. */
const masked = (dy: string, relu: boolean): string =>
  relu ? `let g = select(vec4f(), ${dy}, xhat * scaling + shift > vec4f());` : `let g = ${dy};`

const elements = (b: BatchNorm): number => b.rows * b.channels

/**
 * Rows that an invocation takes of its vec4 of channels where every element gets a result: what is the same for a channel is
 * loaded once for them, which on software adapters, where any load costs the same, is most of the loads.
 */
const rowsEach = 8

const rowGroups = (b: BatchNorm): number => (b.channels / 4) * ceilDiv(b.rows, rowsEach)

/** Head of such an entry point: `c` is its vec4 of channels, `first` and `end` its elements, C4 apart. */
const rowsMain = (b: BatchNorm): string => /* wgsl */ `${shape(b)}
${elementMain(rowGroups(b))}
  let c = i % C4;
  let first = i / C4 * ${rowsEach}u * C4 + c;
  let end = min(first + ${rowsEach}u * C4, ROWS * C4);`

/** The moments that `batchNormParts` makes. */
export const momentsOf = (b: BatchNorm): Moments => neighbours(b.rows, partsOf(b).length)

/** Bindings: x → parts [parts, 2, channels], the moments of x. */
export function batchNormParts(b: BatchNorm): Kernel {
  const { parts } = partsOf(b)
  const count = (b.channels / 4) * parts
  const { array, bytes, load } = activations(b.type)
  const bindings = [read('x', array), write('parts')]
  return {
    name: 'batchNorm.parts',
    wgsl: /* wgsl */ `${declare(bindings)}
${shape(b)}
${elementMain(count)}
  let c = i % C4;
  let part = i / C4;
  // Sums about a row of the part itself: near enough to its mean for the squares to stay accurate.
  let shift = ${load('x[part * LENGTH * C4 + c]')};
  var sum = vec4f();
  var squares = vec4f();
  let end = min((part + 1u) * LENGTH, ROWS);
  for (var row = part * LENGTH; row < end; row++) {
    let d = ${load('x[row * C4 + c]')} - shift;
    sum += d;
    squares += d * d;
  }
  let rows = f32(end - part * LENGTH);
  parts[part * 2u * C4 + c] = sum + rows * shift;
  parts[(part * 2u + 1u) * C4 + c] = max(squares - sum * sum / rows, vec4f());
}`,
    bindings,
    workgroups: cover(count),
    flops: 4 * elements(b),
    bytes: bytes * elements(b),
  }
}

/** WGSL that merges the parts from `part` to `end` of channel `c` in order, into `rows`, `mean` and `squares`. */
const merge = ({ rowsOf }: Moments): string => /* wgsl */ `var rows = 0f;
  var mean = vec4f();
  var squares = vec4f();
  for (; part < end; part++) {
    let more = f32(${rowsOf});
    let delta = parts[part * 2u * C4 + c] / max(more, 1) - mean;
    let share = more / max(rows + more, 1);
    mean += delta * share;
    squares += parts[(part * 2u + 1u) * C4 + c] + delta * delta * rows * share;
    rows += more;
  }`

/** Merges moments of many parts into few, so that finishing is a short loop: what to merge them into, or null if they are few. */
export function fewerMoments(
  b: BatchNorm,
  moments: Moments,
  length: number,
): { moments: Moments; kernel: Kernel } | null {
  if (moments.parts <= manyParts) return null
  // Neighbouring rows again: a part's rows may be interleaved with those of others, within blocks of `length` rows.
  const perBlock = ceilDiv(moments.parts, ceilDiv(b.rows, length))
  const group = ceilDiv(ceilDiv(moments.parts, 256), perBlock) * perBlock
  const fewer = neighbours(b.rows, (group / perBlock) * length)
  return { moments: fewer, kernel: mergeGroups(b, moments, group, fewer.parts) }
}

/**
 * The moments of windows of `length` neighbouring rows, each merged into one part by `mergeWindow`: every `step`-th part of all
 * is one of them, the others are of no rows.
 */
export const windowMoments = (rows: number, length: number, step: number): Moments => ({
  parts: ceilDiv(rows, length) * step,
  rowsOf: `select(0u, min(${length}u, ROWS - part / ${step}u * ${length}u), part % ${step}u == 0u)`,
})

/** Merges all moments of the rows of a window b. Bindings: parts → fewer [step, 2, channels]: one part, and step − 1 of no rows. */
export const mergeWindow = (b: BatchNorm, moments: Moments, step: number): Kernel =>
  mergeGroups(b, moments, moments.parts, step)

/** Merges each `group` parts into one. Bindings: parts → fewer [count, 2, channels]. */
function mergeGroups(b: BatchNorm, moments: Moments, group: number, parts: number): Kernel {
  const count = (b.channels / 4) * parts
  const bindings = [read('parts'), write('fewer')]
  return {
    name: 'batchNorm.merge',
    wgsl: /* wgsl */ `${declare(bindings)}
const ROWS = ${b.rows}u; const C4 = ${b.channels / 4}u; const GROUP = ${group}u;
${elementMain(count)}
  let c = i % C4;
  var part = i / C4 * GROUP;
  let end = min(part + GROUP, arrayLength(&parts) / (2u * C4));
  ${merge(moments)}
  fewer[i / C4 * 2u * C4 + c] = mean * rows;
  fewer[(i / C4 * 2u + 1u) * C4 + c] = squares;
}`,
    bindings,
    workgroups: cover(count),
    flops: 8 * moments.parts * b.channels,
    bytes: 8 * moments.parts * b.channels,
  }
}

/** Bindings: parts → saved [2, channels], and the running statistics moved on. */
export function batchNormFinish(b: BatchNorm, moments: Moments = momentsOf(b)): Kernel {
  const count = b.channels / 4
  const bindings = [read('parts'), write('saved'), readWrite('runningMean'), readWrite('runningVariance')]
  return {
    name: 'batchNorm.finish',
    wgsl: /* wgsl */ `${declare(bindings)}
const ROWS = ${b.rows}u; const C4 = ${b.channels / 4}u;
${elementMain(count)}
  let c = i;
  var part = 0u;
  // The count comes from the buffer: a constant one would be unrolled, and take a second to compile.
  let end = arrayLength(&parts) / (2u * C4);
  ${merge(moments)}
  let variance = squares / f32(ROWS);
  saved[i] = mean;
  saved[C4 + i] = inverseSqrt(variance + ${epsilon});
  runningMean[i] = mix(runningMean[i], mean, ${momentum});
  runningVariance[i] = mix(runningVariance[i], variance * f32(ROWS) / f32(max(ROWS, 2u) - 1u), ${momentum});
}`,
    bindings,
    workgroups: cover(count),
    flops: 0,
    bytes: 0,
  }
}

/** Bindings: x, saved, gamma, beta, (shortcut) → y. */
export function batchNormApply(b: BatchNorm, tail: Tail = 'none'): Kernel {
  const image = activations(b.type)
  const { array, bytes, load } = image
  const shortcut = tail === 'shortcut' ? [read('shortcut', array)] : []
  const bindings = [read('x', array), read('saved'), read('gamma'), read('beta'), ...shortcut, write('y', array)]
  return {
    name: tail === 'none' ? 'batchNorm.apply' : `batchNorm.apply.${tail}`,
    wgsl: /* wgsl */ `${declare(bindings)}
${rowsMain(b)}
  let mean = saved[c];
  let scale = saved[C4 + c];
  let g = gamma[c];
  let shift = beta[c];
  for (var at = first; at < end; at += C4) {
    let value = (${load('x[at]')} - mean) * scale * g + shift;
    y[at] = ${image.store(withTail(tail, 'value', image))};
  }
}`,
    bindings,
    workgroups: cover(rowGroups(b)),
    flops: 5 * elements(b),
    bytes: bytes * elements(b) * (2 + shortcut.length),
    // A shortcut would have to be kept for it.
    recomputable: tail !== 'shortcut',
  }
}

/** Evaluation. Bindings: x, runningMean, runningVariance, gamma, beta → y. */
export function batchNormEvaluate(b: BatchNorm): Kernel {
  const count = elements(b) / 4
  const { array, bytes, load, store } = activations(b.type)
  const vectors = [read('runningMean'), read('runningVariance'), read('gamma'), read('beta')]
  const bindings = [read('x', array), ...vectors, write('y', array)]
  return {
    name: 'batchNorm.evaluate',
    wgsl: /* wgsl */ `${declare(bindings)}
${shape(b)}
${elementMain(count)}
  let c = i % C4;
  y[i] = ${store(`(${load('x[i]')} - runningMean[c]) * inverseSqrt(runningVariance[c] + ${epsilon}) * gamma[c] + beta[c]`)};
}`,
    bindings,
    workgroups: cover(count),
    flops: 6 * elements(b),
    bytes: 2 * bytes * elements(b),
  }
}

/** Bindings: dy, runningVariance, gamma → dx: what `batchNormEvaluate` makes of x grows with x by γ/√(σ² + ε). */
export function batchNormEvaluateGradient(b: BatchNorm): Kernel {
  const count = elements(b) / 4
  const { array, bytes, load, store } = activations(b.type)
  const bindings = [read('dy', array), read('runningVariance'), read('gamma'), write('dx', array)]
  return {
    name: 'batchNorm.evaluate.gradient',
    wgsl: /* wgsl */ `${declare(bindings)}
${shape(b)}
${elementMain(count)}
  let c = i % C4;
  dx[i] = ${store(`${load('dy[i]')} * inverseSqrt(runningVariance[c] + ${epsilon}) * gamma[c]`)};
}`,
    bindings,
    workgroups: cover(count),
    flops: 4 * elements(b),
    bytes: 2 * bytes * elements(b),
  }
}

/** Bindings: x, saved, (gamma, beta with `relu`), dy → parts [parts, 2, channels]: Σdy and Σdy·x̂, of all rows or a share. */
export function batchNormGradientParts(b: BatchNorm, relu = false, share?: Share): Kernel {
  const { rows, parts } = share ?? { rows: b.rows, ...partsOf(b) }
  const count = (b.channels / 4) * parts
  const { array, bytes, load } = activations(b.type)
  const bindings = [
    read('x', array),
    read('saved'),
    ...(relu ? [read('gamma'), read('beta')] : []),
    read('dy', array),
    write('parts'),
  ]
  return {
    name: relu ? 'batchNorm.gradientParts.relu' : 'batchNorm.gradientParts',
    wgsl: /* wgsl */ `${declare(bindings)}
${shape(b, rows)}
${elementMain(count)}
  let c = i % C4;
  let part = i / C4;
  let mean = saved[c];
  let scale = saved[C4 + c];
  ${relu ? 'let scaling = gamma[c];\n  let shift = beta[c];' : ''}
  var sum = vec4f();
  var dot = vec4f();
  let end = min((part + 1u) * LENGTH, ROWS);
  for (var row = part * LENGTH; row < end; row++) {
    let xhat = (${load('x[row * C4 + c]')} - mean) * scale;
    ${masked(load('dy[row * C4 + c]'), relu)}
    sum += g;
    dot += g * xhat;
  }
  parts[part * 2u * C4 + c] = sum;
  parts[(part * 2u + 1u) * C4 + c] = dot;
}`,
    bindings,
    workgroups: cover(count),
    flops: 5 * rows * b.channels,
    bytes: 2 * bytes * rows * b.channels,
  }
}

/** Bindings: parts → dgamma, dbeta. */
export function batchNormGradientFinish(b: BatchNorm): Kernel {
  const count = b.channels / 4
  const bindings = [read('parts'), write('dgamma'), write('dbeta')]
  return {
    name: 'batchNorm.gradientFinish',
    wgsl: /* wgsl */ `${declare(bindings)}
${shape(b)}
${elementMain(count)}
  var sum = vec4f();
  var dot = vec4f();
  // The count comes from the buffer: a constant one would be unrolled, and take a second to compile.
  let count = arrayLength(&parts) / (2u * C4);
  for (var part = 0u; part < count; part++) {
    sum += parts[part * 2u * C4 + i];
    dot += parts[(part * 2u + 1u) * C4 + i];
  }
  dgamma[i] = dot;
  dbeta[i] = sum;
}`,
    bindings,
    workgroups: cover(count),
    flops: 0,
    bytes: 0,
  }
}

/** Bindings: x, saved, gamma, (beta with `relu`), dy, dgamma, dbeta → dx. x, dy and dx may be `rows` of all rows. */
export function batchNormInputGradient(b: BatchNorm, relu = false, rows: number = b.rows): Kernel {
  const those = { ...b, rows }
  const { array, bytes, load, store } = activations(b.type)
  const vectors = [read('saved'), read('gamma'), ...(relu ? [read('beta')] : [])]
  const bindings = [read('x', array), ...vectors, read('dy', array), read('dgamma'), read('dbeta'), write('dx', array)]
  return {
    name: relu ? 'batchNorm.inputGradient.relu' : 'batchNorm.inputGradient',
    wgsl: /* wgsl */ `${declare(bindings)}
${rowsMain(those)}
  let mean = saved[c];
  let scale = saved[C4 + c];
  let scaling = gamma[c];
  ${relu ? 'let shift = beta[c];' : ''}
  let meanOfG = dbeta[c] / f32(${b.rows}u);
  let meanOfDot = dgamma[c] / f32(${b.rows}u);
  for (var at = first; at < end; at += C4) {
    let xhat = (${load('x[at]')} - mean) * scale;
    ${masked(load('dy[at]'), relu)}
    dx[at] = ${store('scaling * scale * (g - (meanOfG + xhat * meanOfDot))')};
  }
}`,
    bindings,
    workgroups: cover(rowGroups(those)),
    flops: 8 * elements(those),
    bytes: 3 * bytes * elements(those),
  }
}
