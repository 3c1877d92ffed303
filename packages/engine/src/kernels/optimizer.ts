/**
 * Optimisers over one stretch of the flat parameter buffer: parameters of one group that share decay or its absence.
 * Every number that may change between runs or steps comes from `step` (see train/step-scalars.ts); with a loss scale, what depends
 * on the updates made comes from `lossScale` (loss-scale.ts), which also says that an update is not to be made.
 *
 *   AdamW (decoupled decay, Loshchilov & Hutter 2019)    SGD with momentum (as torch.optim.SGD: coupled decay)
 *   p ← p·(1 − rate·decay)                                g ← g + decay·p
 *   m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²            m ← β₁m + g
 *   p ← p − rate/(1 − β₁ᵗ) · m/(√(v/(1 − β₂ᵗ)) + ε)       p ← p − rate·m
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
}

const head = (s: Stretch): string => /* wgsl */ `
  let rate = step[${stepScalars.rates + s.group}];
  let decay = ${s.decay ? `step[${stepScalars.decay}]` : '0f'};`

/** With a loss scale: leaves a step that overflowed before anything is changed. */
const guard = (s: Stretch): string =>
  s.scaled
    ? /* wgsl */ `
  let unscale = lossScale[${lossScaleWords.unscale}];
  if (unscale == 0) { return; }`
    : ''

const lossScale = (s: Stretch): Binding[] => (s.scaled ? [read('lossScale', 'array<f32>')] : [])

/** 1/(1 − βᵗ) of either moment, t the updates made. */
const correction = (s: Stretch, moment: 1 | 2): string =>
  s.scaled ? `lossScale[${lossScaleWords[`correction${moment}`]}]` : `step[${stepScalars[`correction${moment}`]}]`

/** The gradient of the loss itself. */
const gradient = (s: Stretch): string => (s.scaled ? 'gradient[i] * unscale' : 'gradient[i]')

/** Bindings: gradient, step, (lossScale) → parameter, m, v [elements]. */
export function adamw(s: Stretch): Kernel {
  const bindings = [
    read('gradient'),
    read('step', 'array<f32>'),
    ...lossScale(s),
    readWrite('parameter'),
    readWrite('m'),
    readWrite('v'),
  ]
  return {
    name: 'adamw',
    wgsl: /* wgsl */ `${declare(bindings)}
${elementMain(s.elements / 4)}${guard(s)}
  let beta1 = step[${stepScalars.beta1}];
  let beta2 = step[${stepScalars.beta2}];${head(s)}
  let g = ${gradient(s)};
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

/** Bindings: gradient, step, (lossScale) → parameter, m [elements]. */
export function sgd(s: Stretch): Kernel {
  const bindings = [
    read('gradient'),
    read('step', 'array<f32>'),
    ...lossScale(s),
    readWrite('parameter'),
    readWrite('m'),
  ]
  return {
    name: 'sgd',
    wgsl: /* wgsl */ `${declare(bindings)}
${elementMain(s.elements / 4)}${guard(s)}${head(s)}
  let moved = step[${stepScalars.beta1}] * m[i] + ${gradient(s)} + decay * parameter[i];
  m[i] = moved;
  parameter[i] -= rate * moved;
}`,
    bindings,
    workgroups: cover(s.elements / 4),
    flops: 6 * s.elements,
    bytes: 20 * s.elements,
  }
}
