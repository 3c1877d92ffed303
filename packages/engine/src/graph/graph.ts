/**
 * A static graph: a list of nodes in order of execution. Operations (graph/ops) append nodes; `backward` walks them in
 * reverse and appends the nodes of the gradient to the same list; `lower` turns the list into dispatches of kernels.
 */
import { add } from '../kernels/elementwise.ts'
import { holdsHalves, type Kernel, type Target } from '../kernels/kernel.ts'
import { activationType, elementsOf, type Tensor } from './tensor.ts'
import { type Window, windows } from './windows.ts'

/** One kernel with the tensors it binds, in binding order. */
export interface Dispatch {
  kernel: Kernel
  tensors: readonly Tensor[]
}

/** What lowering needs to know of the adapter. */
export interface LoweringTarget extends Target {
  maxBindingBytes: number
}

/** What a node needs to become dispatches. */
export interface Lowering {
  readonly target: LoweringTarget
  /** The batch of these tensors [n, …] in stretches that can be bound: see graph/windows.ts. */
  windows(...tensors: Tensor[]): Window[]
  /** A tensor of f32 that only this node uses. */
  scratch(name: string, shape: readonly number[]): Tensor
  emit(kernel: Kernel, ...tensors: Tensor[]): void
}

export interface Node {
  readonly op: string
  readonly inputs: readonly Tensor[]
  /** The first one is what gradients are taken through. */
  readonly outputs: readonly Tensor[]
  lower(lowering: Lowering): void
  /**
   * Appends nodes that carry the gradient `dy` of outputs[0] to the inputs that `wants` names, and returns the gradient of
   * each input, null where none is wanted. Gradients of parameters must be written into `graph.gradient(parameter)`.
   * A node without it passes nothing on. Where outputs[0] has two uses, one that `addsGradients` is given both their gradients, of
   * which it takes the sum by itself.
   */
  gradient?(dy: Tensor, wants: (input: Tensor) => boolean, other?: Tensor): (Tensor | null)[]
  readonly addsGradients?: boolean
}

export class Graph {
  readonly nodes: Node[] = []
  readonly #gradients = new Map<Tensor, Tensor>()

  /** A value that lives between nodes. */
  activation(name: string, shape: readonly number[], type: Tensor['type'] = 'f32'): Tensor {
    return { name, shape, type, place: { in: 'arena' } }
  }

  /** A value that the CPU writes before a run, or reads after it. */
  io(name: string, shape: readonly number[], type: Tensor['type'] = 'f32'): Tensor {
    return { name, shape, type, place: { in: 'program' } }
  }

  /** Moves an activation to where the CPU can read it after a run. */
  keep(tensor: Tensor): Tensor {
    tensor.place = { in: 'program' }
    return tensor
  }

  /** The place of a parameter's gradient. Each parameter may be used once, so that one node writes the whole of it. */
  gradient(parameter: Tensor): Tensor {
    if (parameter.place.in !== 'parameters') throw new Error(`${parameter.name} is not a parameter`)
    if (this.#gradients.has(parameter)) throw new Error(`parameter ${parameter.name} is used twice in one graph`)
    const gradient: Tensor = {
      ...parameter,
      name: `d ${parameter.name}`,
      place: { in: 'gradients', offset: parameter.place.offset },
    }
    this.#gradients.set(parameter, gradient)
    return gradient
  }

  add(node: Node): void {
    this.nodes.push(node)
  }

  /** Every node's dispatches, in order, for an adapter. */
  lower(target: LoweringTarget): Dispatch[] {
    const dispatches: Dispatch[] = []
    for (const node of this.nodes) {
      node.lower({
        target,
        windows: (...tensors) => windows(target.maxBindingBytes, ...tensors),
        scratch: (name, shape) => this.activation(`${node.op} ${name}`, shape),
        emit(kernel, ...tensors) {
          if (tensors.length !== kernel.bindings.length)
            throw new Error(`${kernel.name} binds ${kernel.bindings.length} tensors, got ${tensors.length}`)
          for (const [i, binding] of kernel.bindings.entries()) {
            const tensor = tensors[i]
            if (tensor && holdsHalves(binding) !== (tensor.type === 'f16'))
              throw new Error(
                `${kernel.name} binds ${binding.name} as ${binding.type}, ${tensor.name} is ${tensor.type}`,
              )
          }
          dispatches.push({ kernel, tensors })
        },
      })
    }
    return dispatches
  }
}

/**
 * Appends the gradient of everything between `output`, whose gradient is `seed`, and what is `wanted`: parameters, whose gradients
 * go where they belong, or activations, for which it returns theirs. Nodes that lead to nothing wanted are left out, so a
 * frozen layer costs no filter gradient.
 */
export function backward(
  graph: Graph,
  output: Tensor,
  seed: Tensor,
  wanted: ReadonlySet<Tensor>,
): ReadonlyMap<Tensor, Tensor> {
  const forward = [...graph.nodes]
  const reaches = new Set<Tensor>(wanted)
  for (const node of forward) {
    if (node.gradient && node.inputs.some((input) => reaches.has(input)))
      for (const out of node.outputs) reaches.add(out)
  }
  const gradients = new Map<Tensor, Tensor[]>([[output, [seed]]])
  for (const node of forward.reverse()) {
    const out = node.outputs[0]
    const [first, ...others] = (out && gradients.get(out)) ?? []
    if (!first || !node.gradient || !out || !node.inputs.some((input) => reaches.has(input))) continue
    const last = node.addsGradients ? others.pop() : undefined
    const dy = others.reduce((a, b) => sum(graph, a, b), first)
    const inputGradients = node.gradient(dy, (input) => reaches.has(input), last)
    for (const [i, input] of node.inputs.entries()) {
      const dx = inputGradients[i]
      if (dx && input.place.in !== 'parameters') gradients.set(input, [...(gradients.get(input) ?? []), dx])
    }
  }
  const found = new Map<Tensor, Tensor>()
  for (const tensor of wanted) {
    const [first, ...others] = gradients.get(tensor) ?? []
    if (first)
      found.set(
        tensor,
        others.reduce((a, b) => sum(graph, a, b), first),
      )
  }
  return found
}

/** Two consumers of one tensor: their gradients add up. */
function sum(graph: Graph, a: Tensor, b: Tensor): Tensor {
  const out = graph.activation(`${a.name} + ${b.name}`, a.shape, a.type)
  graph.add({
    op: 'add',
    inputs: [a, b],
    outputs: [out],
    lower(l) {
      for (const { view } of l.windows(a))
        l.emit(add(elementsOf(view(a)), activationType(a)), view(a), view(b), view(out))
    },
  })
  return out
}
