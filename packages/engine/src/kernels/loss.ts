/**
 * Softmax cross-entropy with label smoothing ε over K classes of weights w (1 where there are none), loss and gradient in one, as
 * torch's CrossEntropyLoss(weight, label_smoothing):
 *
 *   target_c = w_c · ((1 − ε)·[c = label] + ε/K);   loss = Σ_c target_c · (−log p_c);   dlogits_c = (p_c · Σ target − target_c) / total
 *
 * total = Σ w[label] of the batch's labels that are not IGNORED_LABEL; the batch's loss is Σ loss / total. Where gradients are stored in
 * f16, dlogits are multiplied by the loss scale, and with them every gradient of the backward pass (kernels/loss-scale.ts).
 *
 * Of an image that is mixed with another (augment/mix.ts), onehot is share·onehot(label) + (1 − share)·onehot(partner's label).
 */
import { IGNORED_LABEL } from '../data/loader.ts'
import { cover, declare, elementMain, type Kernel, read, readWrite, write } from './kernel.ts'
import { lossScaleWords } from './loss-scale.ts'

export interface CrossEntropy {
  n: number
  /** Real classes. */
  classes: number
  /** Columns of the logits: classes padded to a multiple of 4. */
  columns: number
  smoothing: number
  /** Labels are shared with partners. */
  mixed?: boolean
  /** Multiply dlogits by the loss scale. */
  scaled?: boolean
  /** Classes have weights. */
  weighted?: boolean
}

/** A row's words where labels are mixed: the partner's label, and the share of the row's own as the bits of an f32. */
export const partnerWords = 2

/**
 * Bindings: logits [n, columns], labels [n], (partners [n, partnerWords]), (weights [classes]), (lossScale) → losses [n] (0 where
 * ignored), dlogits [n, columns]. An invocation = a sample.
 */
export function crossEntropy(c: CrossEntropy): Kernel {
  const bindings = [
    read('logits', 'array<f32>'),
    read('labels', 'array<u32>'),
    ...(c.mixed ? [read('partners', 'array<vec2u>')] : []),
    ...(c.weighted ? [read('weights', 'array<f32>')] : []),
    ...(c.scaled ? [read('lossScale', 'array<f32>')] : []),
    write('losses', 'array<f32>'),
    write('dlogits', 'array<f32>'),
  ]
  const onehot = c.mixed
    ? (k: string) => `ON * (select(0f, share, ${k} == label) + select(0f, 1 - share, ${k} == partner))`
    : (k: string) => `select(0f, ON, ${k} == label)`
  const wanted = (k: string): string => `(${onehot(k)} + EACH)${c.weighted ? ` * weights[${k}]` : ''}`
  const targets = c.weighted
    ? /* wgsl */ `var targets = 0f;
  for (var k = 0u; k < K; k++) { targets += ${wanted('k')}; }`
    : 'let targets = 1f;'
  return {
    name: 'crossEntropy',
    wgsl: /* wgsl */ `${declare(bindings)}
const N = ${c.n}u; const K = ${c.classes}u; const COLUMNS = ${c.columns}u;
const IGNORED = ${IGNORED_LABEL}u;
const ON = ${1 - c.smoothing}f; const EACH = ${c.smoothing / c.classes}f;
${elementMain(c.n)}
  let row = i * COLUMNS;
  let label = labels[i];
  if (label == IGNORED) {
    losses[i] = 0;
    for (var k = 0u; k < COLUMNS; k++) { dlogits[row + k] = 0; }
    return;
  }
${c.mixed ? '  let partner = partners[i].x; let share = bitcast<f32>(partners[i].y);\n' : ''}  var total = 0f;
  for (var j = 0u; j < N; j++) { if (labels[j] != IGNORED) { total += ${weightOf(c.weighted, 'labels[j]')}; } }
  var most = logits[row];
  for (var k = 1u; k < K; k++) { most = max(most, logits[row + k]); }
  var exponentials = 0f;
  for (var k = 0u; k < K; k++) { exponentials += exp(logits[row + k] - most); }
  let logSum = most + log(exponentials);
  ${targets}
  var loss = 0f;
  for (var k = 0u; k < K; k++) {
    let logP = logits[row + k] - logSum;
    let wanted = ${wanted('k')};
    loss -= wanted * logP;
    dlogits[row + k] = (exp(logP) * targets - wanted) / total${c.scaled ? ` * lossScale[${lossScaleWords.scale}]` : ''};
  }
  for (var k = K; k < COLUMNS; k++) { dlogits[row + k] = 0; }
  losses[i] = loss;
}`,
    bindings,
    workgroups: cover(c.n),
    flops: 10 * c.n * c.classes,
    bytes: 8 * c.n * c.columns,
  }
}

const weightOf = (weighted: boolean | undefined, label: string): string => (weighted ? `weights[${label}]` : '1f')

/**
 * Mean of the batch's losses into slot step[1] % slots of a ring, so that the CPU may read many steps' losses at once.
 * Bindings: losses [n], labels [n], (weights [classes]), step → ring [slots].
 */
export function recordLoss(n: number, slots: number, weighted = false): Kernel {
  const bindings = [
    read('losses', 'array<f32>'),
    read('labels', 'array<u32>'),
    ...(weighted ? [read('weights', 'array<f32>')] : []),
    read('step', 'array<u32>'),
    readWrite('ring', 'array<f32>'),
  ]
  return {
    name: 'recordLoss',
    wgsl: /* wgsl */ `${declare(bindings)}
@compute @workgroup_size(1)
fn main() {
  var sum = 0f;
  var total = 0f;
  for (var i = 0u; i < ${n}u; i++) {
    if (labels[i] == ${IGNORED_LABEL}u) { continue; }
    sum += losses[i];
    total += ${weightOf(weighted, 'labels[i]')};
  }
  ring[step[1] % ${slots}u] = sum / total;
}`,
    bindings,
    workgroups: [1, 1, 1],
    flops: 2 * n,
    bytes: 8 * n,
  }
}
