/**
 * Clipping by the norm of all gradients together, as torch's clip_grad_norm_: where ‖g‖ is above `clipNorm`, every gradient is
 * multiplied by clipNorm/(‖g‖ + 1e-6). All on the device, so that no step waits for a read:
 *
 *   squareSums   gradients, in parts → sums of their squares [parts]
 *   clipFactor   sums → clip [4]: the factor, ‖g‖
 *
 * g is as the optimiser takes it, by `gradientScale` and the inverse of the loss scale. No atomics: an invocation sums its own part,
 * one workgroup adds the parts in order. Numerics: a part adds up to some 1500 squares for ResNet-50, √1500·ε of its sum.
 */
import { stepScalars } from '../train/step-scalars.ts'
import { cover, declare, elementMain, type Kernel, lanes, read, write } from './kernel.ts'
import { lossScaleWords } from './loss-scale.ts'

/** Parts that a stretch of gradients is summed in: enough to fill a GPU, few to gather. A multiple of 4. */
export const squareParts = (elements: number): number => Math.min(4096, 4 * Math.ceil(elements / 1024))

/** Bindings: gradient [elements], step, (lossScale) → sums [squareParts(elements)]. An invocation = a part, every parts-th vec4. */
export function squareSums(elements: number, scaled = false): Kernel {
  const parts = squareParts(elements)
  const scale = scaled ? [read('lossScale', 'array<f32>')] : []
  const bindings = [read('gradient'), read('step', 'array<f32>'), ...scale, write('sums', 'array<f32>')]
  return {
    name: 'gradientNorm.squares',
    wgsl: /* wgsl */ `${declare(bindings)}
${elementMain(parts)}
  let factor = step[${stepScalars.gradientScale}]${scaled ? ` * lossScale[${lossScaleWords.unscale}]` : ''};
  var sum = 0f;
  // The count comes from the buffer: a constant one may be unrolled.
  for (var at = i; at < arrayLength(&gradient); at += ${parts}u) {
    let g = gradient[at] * factor;
    sum += dot(g, g);
  }
  sums[i] = sum;
}`,
    bindings,
    workgroups: cover(parts),
    flops: 3 * elements,
    bytes: 4 * elements,
  }
}

/** Bindings: step, one array of sums for each of `parts` → clip [4]. One workgroup: an invocation adds every 64th vec4 of sums. */
export function clipFactor(parts: readonly number[]): Kernel {
  const sums = parts.map((_, i) => read(`sums${i}`))
  const bindings = [read('step', 'array<f32>'), ...sums, write('clip', 'array<f32>')]
  return {
    name: 'gradientNorm.clip',
    wgsl: /* wgsl */ `${declare(bindings)}
var<workgroup> added: array<f32, ${lanes}>;

@compute @workgroup_size(${lanes})
fn main(@builtin(local_invocation_index) lane: u32) {
  var sum = vec4f();
  ${sums.map(({ name }) => `for (var i = lane; i < arrayLength(&${name}); i += ${lanes}u) { sum += ${name}[i]; }`).join('\n  ')}
  added[lane] = dot(sum, vec4f(1));
  workgroupBarrier(); // every sum has been added
  if (lane > 0u) { return; }
  var total = 0f;
  for (var i = 0u; i < ${lanes}u; i++) { total += added[i]; }
  let norm = sqrt(total);
  clip[0] = min(1, step[${stepScalars.clipNorm}] / (norm + 1e-6));
  clip[1] = norm;
}`,
    bindings,
    workgroups: [1, 1, 1],
    flops: 0,
    bytes: 4 * parts.reduce((sum, n) => sum + n, 0),
  }
}
