/**
 * Memory for a little time: an activation that is cheap to make again is not kept from the forward pass to the backward pass,
 * but made anew just before it is needed there, by a second dispatch of the kernel that made it (Chen et al., Training Deep Nets
 * with Sublinear Memory Cost, 2016). What that kernel reads must be alive until then for other reasons, or nothing is won: of a
 * batch norm and its ReLU it is, since the batch norm's own backward pass comes later and reads the same. Same kernel, same
 * inputs: the results are the same bits.
 */
import type { Dispatch } from '../graph/graph.ts'
import type { Tensor } from '../graph/tensor.ts'

/** Dispatches between two uses of a tensor from which on it is worth making it again. */
const longGap = 8

/** The same computation with recomputable activations made again behind the longest gap in their use. */
export function recompute(dispatches: readonly Dispatch[]): Dispatch[] {
  const uses = new Map<Tensor, number[]>()
  for (const [index, { tensors }] of dispatches.entries()) {
    for (const tensor of tensors) uses.set(tensor, [...(uses.get(tensor) ?? []), index])
  }
  /** By the dispatch before which it happens: the dispatch that makes a tensor again, and the tensor's second life. */
  const again = new Map<number, { maker: Dispatch; tensor: Tensor; copy: Tensor }[]>()
  for (const [index, maker] of dispatches.entries()) {
    const tensor = maker.kernel.recomputable ? writtenBy(maker) : undefined
    if (tensor?.place.in !== 'arena') continue
    const at = uses.get(tensor) ?? []
    const behind = longestGap(at)
    if (behind === undefined || at[0] !== index) continue
    const copy: Tensor = { ...tensor, name: `${tensor.name} again` }
    again.set(behind, [...(again.get(behind) ?? []), { maker, tensor, copy }])
  }
  const second = new Map<Tensor, Tensor>()
  const replace = ({ kernel, tensors }: Dispatch): Dispatch => ({
    kernel,
    tensors: tensors.map((t) => second.get(t) ?? t),
  })
  return dispatches.flatMap((dispatch, index) => {
    const made = (again.get(index) ?? []).map(({ maker, tensor, copy }) => {
      const { kernel, tensors } = replace(maker)
      second.set(tensor, copy)
      return { kernel, tensors: tensors.map((t) => (t === tensor ? copy : t)) }
    })
    return [...made, replace(dispatch)]
  })
}

/** The one tensor that a recomputable kernel writes. */
function writtenBy({ kernel, tensors }: Dispatch): Tensor | undefined {
  const index = kernel.bindings.findIndex(({ access }) => access === 'write')
  return tensors[index]
}

/** The use that follows the longest gap, where there is one worth it. */
function longestGap(uses: readonly number[]): number | undefined {
  let longest = longGap
  let behind: number | undefined
  for (const [i, use] of uses.entries()) {
    const gap = use - (uses[i - 1] ?? use)
    if (gap >= longest) {
      longest = gap
      behind = use
    }
  }
  return behind
}
