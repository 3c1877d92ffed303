/** One pass of a convolution by itself, as a graph would lower it: what candidates are measured and told apart by. */
import { align } from '../compile/plan.ts'
import { type Dispatch, Graph, type LoweringTarget } from '../graph/graph.ts'
import { lowerings } from '../graph/ops/conv2d.ts'
import { bytesOf, elementsOf, type Tensor } from '../graph/tensor.ts'
import { type Conv2d, outputSize, type Variant } from '../kernels/conv2d/conv2d.ts'
import type { Pass } from '../kernels/conv2d/conv2d.variants.ts'
import type { ActivationType } from '../kernels/kernel.ts'

export interface IsolatedPass {
  pass: Pass
  c: Conv2d
  inputs: readonly [Tensor, Tensor]
  output: Tensor
  /** Elements of a store's parameters that hold all three: there, unlike in an arena, nothing takes their place between runs. */
  elements: number
  /** Products that one element of the output sums up, at most. */
  terms: number
}

/** x and y of the problem's type: x [n, h, w, ci], filter [k, k, ci, co] and y [n, oh, ow, co], or their gradients. */
export function isolate(pass: Pass, c: Conv2d): IsolatedPass {
  const { oh, ow } = outputSize(c)
  let elements = 0
  const place = (name: string, shape: readonly number[], type: ActivationType = 'f32'): Tensor => {
    const tensor: Tensor = { name, shape, type, place: { in: 'parameters', offset: elements } }
    elements += align(bytesOf(tensor)) / 4
    return tensor
  }
  const x = place('x', [c.n, c.h, c.w, c.ci], c.type)
  const filter = place('filter', [c.kernel, c.kernel, c.ci, c.co])
  const y = place('y', [c.n, oh, ow, c.co], c.type)
  const taps = c.kernel * c.kernel
  switch (pass) {
    case 'forward':
      return { pass, c, inputs: [x, filter], output: y, elements, terms: taps * c.ci }
    case 'inputGradient':
      return { pass, c, inputs: [y, filter], output: x, elements, terms: taps * c.co }
    case 'filterGradient':
      return { pass, c, inputs: [x, y], output: filter, elements, terms: elementsOf(y) / c.co }
  }
}

/** Everything that a variant dispatches for the pass: transposed filters and sums of parts too. */
export function lowerIsolated(
  { pass, c, inputs, output }: IsolatedPass,
  variant: Variant,
  target: LoweringTarget,
): Dispatch[] {
  const graph = new Graph()
  graph.add({
    op: `conv2d.${pass}`,
    inputs,
    outputs: [output],
    lower: (l) => lowerings[pass](l, c, variant, ...inputs, output),
  })
  return graph.lower(target)
}

export type LowerIsolated = typeof lowerIsolated
