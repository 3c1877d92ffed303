/**
 * Memory for a little time: an activation that is cheap to make again is not kept from the forward pass to the backward pass,
 * but made anew just before it is needed there, by a second dispatch of the kernel that made it (Chen et al., Training Deep Nets
 * with Sublinear Memory Cost, 2016). What that kernel reads must be alive until then for other reasons, or nothing is won: of a
 * batch norm and its ReLU it is, since the batch norm's own backward pass comes later and reads the same. Same kernel, same
 * inputs: the results are the same bits.
 */
import type { Dispatch } from '../graph/graph.ts'
import { type Tensor, wholeOf } from '../graph/tensor.ts'

/** Dispatches between two uses of a tensor from which on it is worth making it again. */
const longGap = 8

/** The same computation with recomputable activations made again behind the longest gap in their use. */
export function recompute(dispatches: readonly Dispatch[]): Dispatch[] {
  const uses = new Map<Tensor, number[]>()
  /** The recomputable dispatches that write a tensor: several where it is made in windows. */
  const madeBy = new Map<Tensor, number[]>()
  for (const [index, { kernel, tensors }] of dispatches.entries()) {
    for (const tensor of tensors.map(wholeOf)) uses.set(tensor, [...(uses.get(tensor) ?? []), index])
    const made = kernel.recomputable ? writtenBy({ kernel, tensors }) : undefined
    if (made?.place.in === 'arena') madeBy.set(made, [...(madeBy.get(made) ?? []), index])
  }
  /** By the dispatch before which it happens: the dispatches that make a tensor again, and the tensor's second life. */
  const again = new Map<number, { makers: readonly Dispatch[]; tensor: Tensor; copy: Tensor }[]>()
  for (const [tensor, made] of madeBy) {
    const at = uses.get(tensor) ?? []
    const behind = longestGap(at)
    if (behind === undefined || made.some((index, i) => at[i] !== index)) continue
    const copy: Tensor = { ...tensor, name: `${tensor.name} again` }
    const makers = made.flatMap((index) => dispatches[index] ?? [])
    again.set(behind, [...(again.get(behind) ?? []), { makers, tensor, copy }])
  }
  const second = new Map<Tensor, Tensor>()
  const present = (tensor: Tensor): Tensor => {
    const copy = second.get(wholeOf(tensor))
    if (!copy) return tensor
    return tensor.place.in === 'view' ? { ...tensor, place: { ...tensor.place, of: copy } } : copy
  }
  const replace = ({ kernel, tensors }: Dispatch): Dispatch => ({ kernel, tensors: tensors.map(present) })
  return dispatches.flatMap((dispatch, index) => {
    const made = (again.get(index) ?? []).flatMap(({ makers, tensor, copy }) => {
      second.set(tensor, copy)
      return makers.map(replace)
    })
    return [...made, replace(dispatch)]
  })
}

/** The one tensor that a recomputable kernel writes, or writes a part of. */
function writtenBy({ kernel, tensors }: Dispatch): Tensor | undefined {
  const index = kernel.bindings.findIndex(({ access }) => access === 'write')
  const tensor = tensors[index]
  return tensor && wholeOf(tensor)
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
