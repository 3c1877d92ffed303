/**
 * Memory for a list of dispatches. An arena tensor is alive from the first dispatch that binds it, or a view of it, to
 * the last; tensors that are never alive together may share bytes. Placed offline, largest first, each at the lowest offset that is
 * free for its whole life (greedy by size: Pisarchyk & Lee, Efficient Memory Management for Deep Neural Net Inference, 2020).
 */
import type { Dispatch } from '../graph/graph.ts'
import { bindingAlignment, bytesOf, type Tensor, wholeOf } from '../graph/tensor.ts'

export const align = (bytes: number): number => Math.ceil(bytes / bindingAlignment) * bindingAlignment

export interface MemoryPlan {
  /** Byte offsets of arena tensors. */
  arena: ReadonlyMap<Tensor, number>
  arenaBytes: number
  /** Byte offsets of the program's own tensors, which live for ever. */
  io: ReadonlyMap<Tensor, number>
  ioBytes: number
}

interface Life {
  tensor: Tensor
  bytes: number
  first: number
  last: number
}

export function planMemory(dispatches: readonly Dispatch[]): MemoryPlan {
  const lives = new Map<Tensor, Life>()
  const io = new Map<Tensor, number>()
  let ioBytes = 0
  for (const [index, { tensors }] of dispatches.entries()) {
    for (const tensor of tensors.map(wholeOf)) {
      if (tensor.place.in === 'program' && !io.has(tensor)) {
        io.set(tensor, ioBytes)
        ioBytes += align(bytesOf(tensor))
      }
      if (tensor.place.in !== 'arena') continue
      const life = lives.get(tensor)
      if (life) life.last = index
      else lives.set(tensor, { tensor, bytes: align(bytesOf(tensor)), first: index, last: index })
    }
  }
  const arena = new Map<Tensor, number>()
  const placed: (Life & { offset: number })[] = [] // by offset
  let arenaBytes = 0
  for (const life of [...lives.values()].sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    let offset = 0
    for (const other of placed) {
      if (other.last < life.first || other.first > life.last) continue
      if (other.offset >= offset + life.bytes) break
      offset = Math.max(offset, other.offset + other.bytes)
    }
    const at = placed.findIndex((other) => other.offset > offset)
    placed.splice(at < 0 ? placed.length : at, 0, { ...life, offset })
    arena.set(life.tensor, offset)
    arenaBytes = Math.max(arenaBytes, offset + life.bytes)
  }
  return { arena, arenaBytes, io, ioBytes }
}

/** A plan in which no two tensors share bytes: what a planned program is compared with in tests. */
export function planWithoutReuse(dispatches: readonly Dispatch[]): MemoryPlan {
  const plan = planMemory(dispatches)
  const arena = new Map<Tensor, number>()
  let arenaBytes = 0
  for (const tensor of plan.arena.keys()) {
    arena.set(tensor, arenaBytes)
    arenaBytes += align(bytesOf(tensor))
  }
  return { ...plan, arena, arenaBytes }
}
