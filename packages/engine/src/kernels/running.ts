/**
 * Two running values beside the flat buffers:
 *
 *   accumulate   sum ← carried·sum + batchWeight·gradient: the gradients of several batches, for one update
 *   average      average ← average + averageRate·(weight − average): the exponential mean of weights over updates (timm's
 *                ModelEmaV2, decay 1 − averageRate); a weight that stands still keeps its bits
 */
import { stepScalars } from '../train/step-scalars.ts'
import { cover, declare, elementMain, type Kernel, read, readWrite } from './kernel.ts'

/** Bindings: gradient, step → sum [elements]. `carried` 0 begins anew, whatever sum holds. */
export function accumulate(elements: number): Kernel {
  const bindings = [read('gradient'), read('step', 'array<f32>'), readWrite('sum')]
  return {
    name: 'accumulate',
    wgsl: /* wgsl */ `${declare(bindings)}
${elementMain(elements / 4)}
  // Not a product with 0: what an overflow left is infinite.
  let carried = select(vec4f(), sum[i], step[${stepScalars.carried}] != 0);
  sum[i] = carried + step[${stepScalars.batchWeight}] * gradient[i];
}`,
    bindings,
    workgroups: cover(elements / 4),
    flops: 2 * elements,
    bytes: 12 * elements,
  }
}

/** Bindings: weight, step → average [elements]; nothing moves in a step that makes no update. */
export function average(elements: number): Kernel {
  const bindings = [read('weight'), read('step', 'array<f32>'), readWrite('average')]
  return {
    name: 'average',
    wgsl: /* wgsl */ `${declare(bindings)}
${elementMain(elements / 4)}
  if (step[${stepScalars.gradientScale}] == 0) { return; }
  average[i] += step[${stepScalars.averageRate}] * (weight[i] - average[i]);
}`,
    bindings,
    workgroups: cover(elements / 4),
    flops: 3 * elements,
    bytes: 12 * elements,
  }
}
