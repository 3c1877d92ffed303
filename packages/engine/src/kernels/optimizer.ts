/**
 * Optimisers over one stretch of the flat parameter buffer: parameters of one group that share decay or its absence.
 * Every number that may change between runs or steps comes from `step` (see train/step-scalars.ts); with a loss scale, what depends
 * on the updates made comes from `lossScale` (loss-scale.ts), which also says that an update is not to be made.
 *
 *   AdamW (decoupled decay, Loshchilov & Hutter 2019)    SGD with momentum (as torch.optim.SGD: coupled decay)
 *   p ← p·(1 − rate·decay)                                g ← g + decay·p
 *   m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²            m ← β₁m + g
 *   p ← p − rate/(1 − β₁ᵗ) · m/(√(v/(1 − β₂ᵗ)) + ε)       p ← p − rate·m, or with Nesterov's momentum p − rate·(g + β₁m)
 *
 * g is the gradient times `gradientScale`, by which a sum over several batches becomes their mean (0: no update in this step), the
 * inverse of the loss scale, and the factor of clipping (gradient-norm.ts).
 */
import { stepScalars } from '../train/step-scalars.ts'
import { type Binding, cover, declare, elementMain, type Kernel, read, readWrite } from './kernel.ts'
import { lossScaleWords } from './loss-scale.ts'

export interface Stretch {
  elements: number
  /** Learning-rate group, an index into step's rates. */
  group: number
  decay: boolean
  /** Gradients are multiplied by the loss scale. */
  scaled?: boolean
  /** Gradients are to be multiplied by the factor of clipping. */
  clipped?: boolean
}

/** Bindings of what gradients are multiplied by. */
const factors = (s: Stretch): Binding[] => [
  ...(s.scaled ? [read('lossScale', 'array<f32>')] : []),
  ...(s.clipped ? [read('clip', 'array<f32>')] : []),
]

/** Leaves a step that makes no update, or overflowed, before anything is changed; else leaves g, rate and decay. */
const head = (s: Stretch): string => /* wgsl */ `
  var factor = step[${stepScalars.gradientScale}]${s.scaled ? ` * lossScale[${lossScaleWords.unscale}]` : ''};
  if (factor == 0) { return; }${s.clipped ? '\n  factor *= clip[0];' : ''}
  let g = gradient[i] * factor;
  let rate = step[${stepScalars.rates + s.group}];
  let decay = ${s.decay ? `step[${stepScalars.decay}]` : '0f'};`

/** 1/(1 − βᵗ) of either moment, t the updates made. */
const correction = (s: Stretch, moment: 1 | 2): string =>
  s.scaled ? `lossScale[${lossScaleWords[`correction${moment}`]}]` : `step[${stepScalars[`correction${moment}`]}]`

/** Bindings: gradient, step, (lossScale), (clip) → parameter, m, v [elements]. */
export function adamw(s: Stretch): Kernel {
  const bindings = [
    read('gradient'),
    read('step', 'array<f32>'),
    ...factors(s),
    readWrite('parameter'),
    readWrite('m'),
    readWrite('v'),
  ]
  return {
    name: 'adamw',
    wgsl: /* wgsl */ `${declare(bindings)}
${elementMain(s.elements / 4)}${head(s)}
  let beta1 = step[${stepScalars.beta1}];
  let beta2 = step[${stepScalars.beta2}];
  let first = beta1 * m[i] + (1 - beta1) * g;
  let second = beta2 * v[i] + (1 - beta2) * g * g;
  m[i] = first;
  v[i] = second;
  // 1/(1 − βᵗ): step has it computed in f64.
  let update = first * ${correction(s, 1)} / (sqrt(second * ${correction(s, 2)}) + step[${stepScalars.epsilon}]);
  parameter[i] = parameter[i] * (1 - rate * decay) - rate * update;
}`,
    bindings,
    workgroups: cover(s.elements / 4),
    flops: 14 * s.elements,
    bytes: 28 * s.elements,
  }
}

/** Bindings: gradient, step, (lossScale), (clip) → parameter, m [elements]. */
export function sgd(s: Stretch, nesterov = false): Kernel {
  const bindings = [read('gradient'), read('step', 'array<f32>'), ...factors(s), readWrite('parameter'), readWrite('m')]
  return {
    name: nesterov ? 'sgd.nesterov' : 'sgd',
    wgsl: /* wgsl */ `${declare(bindings)}
${elementMain(s.elements / 4)}${head(s)}
  let momentum = step[${stepScalars.beta1}];
  let decayed = g + decay * parameter[i];
  let moved = momentum * m[i] + decayed;
  m[i] = moved;
  parameter[i] -= rate * ${nesterov ? '(decayed + momentum * moved)' : 'moved'};
}`,
    bindings,
    workgroups: cover(s.elements / 4),
    flops: (nesterov ? 8 : 6) * s.elements,
    bytes: 20 * s.elements,
  }
}
