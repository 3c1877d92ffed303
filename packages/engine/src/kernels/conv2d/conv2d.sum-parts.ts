import { cover, declare, elementMain, type Kernel, read, write } from '../kernel.ts'

/** Adds partial sums in order. Bindings: parts [splits, elements] → sum [elements]; elements in multiples of 4. */
export function sumParts(splits: number, elements: number): Kernel {
  const count = elements / 4
  const bindings = [read('parts'), write('sum')]
  return {
    name: 'conv2d.sumParts',
    wgsl: /* wgsl */ `${declare(bindings)}
${elementMain(count)}
  var total = vec4f();
  for (var part = 0u; part < ${splits}u; part++) { total += parts[part * ${count}u + i]; }
  sum[i] = total;
}`,
    bindings,
    workgroups: cover(count),
    flops: splits * elements,
    bytes: 4 * (splits + 1) * elements,
  }
}
