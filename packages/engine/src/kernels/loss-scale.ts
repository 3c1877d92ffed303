/**
 * Dynamic loss scaling (Micikevicius et al., Mixed Precision Training, 2018), with the numbers of PyTorch's GradScaler. Gradients
 * stored in f16 lose what is below 2⁻²⁴, so the loss is multiplied by a scale before the backward pass, and the gradients of the
 * parameters by its inverse in the optimiser. A scale too large makes some gradient overflow, which reaches a parameter's gradient
 * as an infinity or NaN: that update is left out and the scale halved; after 2000 good ones in a row it doubles.
 *
 * All of it happens on the device, in a few f32 words that outlive programs, so that no step waits for a read:
 *
 *   findOverflow    gradients, in parts → flags [parts], 1 where a part holds a number that is not finite
 *   moveLossScale   flags → whether to make this update, by what to multiply its gradients, and the scale of the next step
 *
 * No atomics: an invocation writes the flag of its own part, and one workgroup gathers them.
 * Numerics: a scale is a power of two, so that scaling and its inverse round nothing. Finiteness is told by the exponent's bits:
 * a driver may compile comparisons as if there were neither infinity nor NaN.
 */
import { stepScalars } from '../train/step-scalars.ts'
import { cover, declare, elementMain, type Kernel, lanes, read, readWrite, write } from './kernel.ts'

/** The words. Counts are exact up to 2²⁴. */
export const lossScaleWords = {
  /** What the next backward pass multiplies the loss by. */
  scale: 0,
  /** Good updates since the scale last moved. */
  good: 1,
  /** Updates made since the moments were cleared: those left out do not count in Adam's corrections. */
  updates: 2,
  /** The inverse of the scale of this step's gradients; 0 leaves its update out. */
  unscale: 3,
  /** 1/(1 − β₁ᵗ) and 1/(1 − β₂ᵗ), t = updates. */
  correction1: 4,
  correction2: 5,
  words: 8,
} as const

const firstScale = 65536
const growthInterval = 2000
/** Beyond these neither a scale nor its inverse would be a normal f32. */
const [least, most] = ['0x1p-100f', '0x1p+100f']

export function initialLossScale(): Float32Array<ArrayBuffer> {
  const words = new Float32Array(lossScaleWords.words)
  words[lossScaleWords.scale] = firstScale
  return words
}

/** Parts that a stretch of gradients is looked through in: enough to fill a GPU, few to gather. A multiple of 4. */
export const overflowParts = (elements: number): number => Math.min(4096, 4 * Math.ceil(elements / 1024))

/** Bindings: gradient [elements] → flags [overflowParts(elements)]. An invocation = a part, every parts-th vec4. */
export function findOverflow(elements: number): Kernel {
  const parts = overflowParts(elements)
  const bindings = [read('gradient', 'array<vec4u>'), write('flags', 'array<f32>')]
  return {
    name: 'lossScale.findOverflow',
    wgsl: /* wgsl */ `${declare(bindings)}
const EXPONENT = vec4u(0x7f800000u);
${elementMain(parts)}
  var overflow = false;
  // The count comes from the buffer: a constant one may be unrolled.
  for (var at = i; at < arrayLength(&gradient); at += ${parts}u) {
    overflow = overflow || any((gradient[at] & EXPONENT) == EXPONENT);
  }
  flags[i] = select(0f, 1f, overflow);
}`,
    bindings,
    workgroups: cover(parts),
    flops: 0,
    bytes: 4 * elements,
  }
}

/**
 * Bindings: step, one array of flags for each of `parts` → lossScale. One workgroup: an invocation gathers every 64th vec4 of
 * flags, the first of them does the rest.
 */
export function moveLossScale(parts: readonly number[]): Kernel {
  const w = lossScaleWords
  const flags = parts.map((_, i) => read(`flags${i}`))
  const bindings = [read('step', 'array<f32>'), ...flags, readWrite('lossScale', 'array<f32>')]
  return {
    name: 'lossScale.move',
    wgsl: /* wgsl */ `${declare(bindings)}
var<workgroup> found: array<f32, ${lanes}>;

/** βᵗ by squaring, good to t·ε; pow may be off by 2⁻²¹, which is much beside 1 − β. */
fn power(beta: f32, t: u32) -> f32 {
  var result = 1f;
  var square = beta;
  for (var rest = t; rest > 0u; rest >>= 1u) {
    if ((rest & 1u) == 1u) { result *= square; }
    square *= square;
  }
  return result;
}

@compute @workgroup_size(${lanes})
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = vec4f();
  ${flags.map(({ name }) => `for (var i = lane; i < arrayLength(&${name}); i += ${lanes}u) { sum += ${name}[i]; }`).join('\n  ')}
  found[lane] = dot(sum, vec4f(1));
  workgroupBarrier(); // every part has been looked at
  if (lane > 0u) { return; }
  var total = 0f;
  for (var i = 0u; i < ${lanes}u; i++) { total += found[i]; }
  if (step[${stepScalars.gradientScale}] == 0) { return; } // gradients are still being gathered

  let scale = lossScale[${w.scale}];
  if (total > 0) {
    lossScale[${w.scale}] = max(scale / 2, ${least});
    lossScale[${w.good}] = 0;
    lossScale[${w.unscale}] = 0;
    return;
  }
  let grows = lossScale[${w.good}] + 1 == ${growthInterval};
  lossScale[${w.scale}] = select(scale, min(scale * 2, ${most}), grows);
  lossScale[${w.good}] = select(lossScale[${w.good}] + 1, 0f, grows);
  lossScale[${w.unscale}] = 1 / scale;
  let t = lossScale[${w.updates}] + 1;
  lossScale[${w.updates}] = t;
  lossScale[${w.correction1}] = 1 / (1 - power(step[${stepScalars.beta1}], u32(t)));
  lossScale[${w.correction2}] = 1 / (1 - power(step[${stepScalars.beta2}], u32(t)));
}`,
    bindings,
    workgroups: [1, 1, 1],
    flops: 0,
    bytes: 4 * parts.reduce((sum, n) => sum + n, 0),
  }
}
