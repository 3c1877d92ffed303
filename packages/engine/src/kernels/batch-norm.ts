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
 * Sums over rows are taken in parts, [parts, 2, channels], by `…Parts` (an invocation = one vec4 of channels of one part), and
 * added in order by `…Finish` (an invocation = one vec4 of channels): deterministic.
 * Numerics: sums of x are of x − x[0], which keeps σ² accurate where |μ| ≫ σ; ε 1e-5, m .1.
 * `saved` [2, channels] keeps μ and 1/√(σ² + ε) for the backward pass.
 */
import { ceilDiv, cover, declare, elementMain, type Kernel, read, readWrite, write } from './kernel.ts'

export interface BatchNorm {
  rows: number
  /** Padded; a multiple of 4. */
  channels: number
}

/** y as it leaves: max(y, 0), or max(y + shortcut, 0). */
export type Tail = 'none' | 'relu' | 'shortcut'

const tails: Record<Tail, string> = {
  none: 'y[i] = value;',
  relu: 'y[i] = max(value, vec4f());',
  shortcut: 'y[i] = max(value + shortcut[i], vec4f());',
}

const epsilon = '1e-5'
const momentum = '.1'

/** Rows that one part sums. A part is long enough to be worth an invocation, and few enough to finish in one short loop. */
export function partsOf({ rows, channels }: BatchNorm): { parts: number; length: number } {
  const parts = Math.max(1, Math.min(256, ceilDiv(rows, 32), ceilDiv(65536, channels / 4)))
  const length = ceilDiv(rows, parts)
  return { parts: ceilDiv(rows, length), length }
}

const shape = (b: BatchNorm): string => {
  const { length } = partsOf(b)
  return `const ROWS = ${b.rows}u; const C4 = ${b.channels / 4}u; const LENGTH = ${length}u;`
}

/** WGSL that leaves in `g` the gradient of the normalised value, given that of what left; expects `xhat` and `c`. */
const masked = (dy: string, relu: boolean): string =>
  relu ? `let g = select(vec4f(), ${dy}, xhat * gamma[c] + beta[c] > vec4f());` : `let g = ${dy};`

const elements = (b: BatchNorm): number => b.rows * b.channels

/** Bindings: x → parts [parts, 2, channels]: Σ(x − x[0]) and Σ(x − x[0])². */
export function batchNormParts(b: BatchNorm): Kernel {
  const { parts } = partsOf(b)
  const count = (b.channels / 4) * parts
  const bindings = [read('x'), write('parts')]
  return {
    name: 'batchNorm.parts',
    wgsl: /* wgsl */ `${declare(bindings)}
${shape(b)}
${elementMain(count)}
  let c = i % C4;
  let part = i / C4;
  let shift = x[c];
  var sum = vec4f();
  var squares = vec4f();
  let end = min((part + 1u) * LENGTH, ROWS);
  for (var row = part * LENGTH; row < end; row++) {
    let d = x[row * C4 + c] - shift;
    sum += d;
    squares += d * d;
  }
  parts[part * 2u * C4 + c] = sum;
  parts[(part * 2u + 1u) * C4 + c] = squares;
}`,
    bindings,
    workgroups: cover(count),
    flops: 4 * elements(b),
    bytes: 4 * elements(b),
  }
}

/** Bindings: x, parts → saved [2, channels], and the running statistics moved on. */
export function batchNormFinish(b: BatchNorm): Kernel {
  const count = b.channels / 4
  const bindings = [read('x'), read('parts'), write('saved'), readWrite('runningMean'), readWrite('runningVariance')]
  return {
    name: 'batchNorm.finish',
    wgsl: /* wgsl */ `${declare(bindings)}
${shape(b)}
${elementMain(count)}
  var sum = vec4f();
  var squares = vec4f();
  // The count comes from the buffer: a constant one would be unrolled, and take a second to compile.
  let count = arrayLength(&parts) / (2u * C4);
  for (var part = 0u; part < count; part++) {
    sum += parts[part * 2u * C4 + i];
    squares += parts[(part * 2u + 1u) * C4 + i];
  }
  let shifted = sum / f32(ROWS);
  let mean = x[i] + shifted;
  let variance = max(squares / f32(ROWS) - shifted * shifted, vec4f());
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
  const count = elements(b) / 4
  const shortcut = tail === 'shortcut' ? [read('shortcut')] : []
  const bindings = [read('x'), read('saved'), read('gamma'), read('beta'), ...shortcut, write('y')]
  return {
    name: tail === 'none' ? 'batchNorm.apply' : `batchNorm.apply.${tail}`,
    wgsl: /* wgsl */ `${declare(bindings)}
${shape(b)}
${elementMain(count)}
  let c = i % C4;
  let value = (x[i] - saved[c]) * saved[C4 + c] * gamma[c] + beta[c];
  ${tails[tail]}
}`,
    bindings,
    workgroups: cover(count),
    flops: 5 * elements(b),
    bytes: 4 * elements(b) * (2 + shortcut.length),
    // A shortcut would have to be kept for it.
    recomputable: tail !== 'shortcut',
  }
}

/** Evaluation. Bindings: x, runningMean, runningVariance, gamma, beta, (shortcut) → y. */
export function batchNormEvaluate(b: BatchNorm, tail: Tail = 'none'): Kernel {
  const count = elements(b) / 4
  const shortcut = tail === 'shortcut' ? [read('shortcut')] : []
  const running = [read('runningMean'), read('runningVariance')]
  const bindings = [read('x'), ...running, read('gamma'), read('beta'), ...shortcut, write('y')]
  return {
    name: tail === 'none' ? 'batchNorm.evaluate' : `batchNorm.evaluate.${tail}`,
    wgsl: /* wgsl */ `${declare(bindings)}
${shape(b)}
${elementMain(count)}
  let c = i % C4;
  let value = (x[i] - runningMean[c]) * inverseSqrt(runningVariance[c] + ${epsilon}) * gamma[c] + beta[c];
  ${tails[tail]}
}`,
    bindings,
    workgroups: cover(count),
    flops: 6 * elements(b),
    bytes: 4 * elements(b) * (2 + shortcut.length),
  }
}

/** Bindings: x, saved, (gamma, beta with `relu`), dy → parts [parts, 2, channels]: Σdy and Σdy·x̂. */
export function batchNormGradientParts(b: BatchNorm, relu = false): Kernel {
  const { parts } = partsOf(b)
  const count = (b.channels / 4) * parts
  const bindings = [
    read('x'),
    read('saved'),
    ...(relu ? [read('gamma'), read('beta')] : []),
    read('dy'),
    write('parts'),
  ]
  return {
    name: relu ? 'batchNorm.gradientParts.relu' : 'batchNorm.gradientParts',
    wgsl: /* wgsl */ `${declare(bindings)}
${shape(b)}
${elementMain(count)}
  let c = i % C4;
  let part = i / C4;
  let mean = saved[c];
  let scale = saved[C4 + c];
  var sum = vec4f();
  var dot = vec4f();
  let end = min((part + 1u) * LENGTH, ROWS);
  for (var row = part * LENGTH; row < end; row++) {
    let xhat = (x[row * C4 + c] - mean) * scale;
    ${masked('dy[row * C4 + c]', relu)}
    sum += g;
    dot += g * xhat;
  }
  parts[part * 2u * C4 + c] = sum;
  parts[(part * 2u + 1u) * C4 + c] = dot;
}`,
    bindings,
    workgroups: cover(count),
    flops: 5 * elements(b),
    bytes: 8 * elements(b),
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

/** Bindings: x, saved, gamma, (beta with `relu`), dy, dgamma, dbeta → dx. */
export function batchNormInputGradient(b: BatchNorm, relu = false): Kernel {
  const count = elements(b) / 4
  const vectors = [read('saved'), read('gamma'), ...(relu ? [read('beta')] : [])]
  const bindings = [read('x'), ...vectors, read('dy'), read('dgamma'), read('dbeta'), write('dx')]
  return {
    name: relu ? 'batchNorm.inputGradient.relu' : 'batchNorm.inputGradient',
    wgsl: /* wgsl */ `${declare(bindings)}
${shape(b)}
${elementMain(count)}
  let c = i % C4;
  let scale = saved[C4 + c];
  let xhat = (x[i] - saved[c]) * scale;
  ${masked('dy[i]', relu)}
  dx[i] = gamma[c] * scale * (g - (dbeta[c] + xhat * dgamma[c]) / f32(ROWS));
}`,
    bindings,
    workgroups: cover(count),
    flops: 8 * elements(b),
    bytes: 12 * elements(b),
  }
}
