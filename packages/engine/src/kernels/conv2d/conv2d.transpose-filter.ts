import { cover, declare, elementMain, type Kernel, read, write } from '../kernel.ts'
import type { Conv2d } from './conv2d.ts'

/** Swaps ci and co within each tap, 4 × 4 block by block. Bindings: w [kernel², ci, co] → wt [kernel², co, ci]. */
export function transposeFilter(c: Pick<Conv2d, 'ci' | 'co' | 'kernel'>): Kernel {
  const taps = c.kernel * c.kernel
  const blocks = (taps * c.ci * c.co) / 16
  const bindings = [read('w'), write('wt')]
  return {
    name: 'conv2d.transposeFilter',
    wgsl: /* wgsl */ `${declare(bindings)}
const CI4 = ${c.ci / 4}u; const CO4 = ${c.co / 4}u;
${elementMain(blocks)}
  let tap = i / (CI4 * CO4);
  let ci4 = i / CO4 % CI4;
  let co4 = i % CO4;
  let source = (tap * CI4 + ci4) * 4u * CO4 + co4;
  let block = transpose(mat4x4f(w[source], w[source + CO4], w[source + 2u * CO4], w[source + 3u * CO4]));
  let to = (tap * CO4 + co4) * 4u * CI4 + ci4;
  wt[to] = block[0];
  wt[to + CI4] = block[1];
  wt[to + 2u * CI4] = block[2];
  wt[to + 3u * CI4] = block[3];
}`,
    bindings,
    workgroups: cover(blocks),
    flops: 0,
    bytes: 8 * taps * c.ci * c.co,
  }
}
