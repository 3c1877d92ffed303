import { expect, test } from 'vitest'
import { bytesOf, type Tensor } from '../graph/tensor.ts'
import { ResNet } from '../nn/resnet.ts'
import { trainingGraph } from '../train/graphs.ts'
import type { Precision } from '../train/spec.ts'
import { planMemory, planWithoutReuse } from './plan.ts'
import { recompute } from './recompute.ts'

const step = (target: { software: boolean; subgroupSize: number | null }, size = 64, precision: Precision = 'f32') => {
  const model = new ResNet({ arch: 'resnet50', classes: ['a', 'b', 'c'], head: 'concat' })
  const options = { optimizer: 'adamw', labelSmoothing: 0.1, frozen: false, precision } as const
  return trainingGraph(model, { batch: 4, size }, options).graph.lower({ ...target, maxBindingBytes: 2 ** 27 })
}

test.each([8, null])('tensors that are alive together never share a byte (subgroup size %s)', (subgroupSize) => {
  const dispatches = step({ software: true, subgroupSize })
  const { arena, arenaBytes } = planMemory(dispatches)
  const lives = new Map<Tensor, { first: number; last: number }>()
  for (const [i, { tensors }] of dispatches.entries()) {
    for (const tensor of tensors)
      if (arena.has(tensor)) lives.set(tensor, { first: lives.get(tensor)?.first ?? i, last: i })
  }
  const placed = [...lives].map(([tensor, life]) => ({
    ...life,
    tensor,
    start: arena.get(tensor) ?? 0,
    end: (arena.get(tensor) ?? 0) + bytesOf(tensor),
  }))
  const clashes = placed.flatMap((a, i) =>
    placed
      .slice(i + 1)
      .filter((b) => a.first <= b.last && b.first <= a.last && a.start < b.end && b.start < a.end)
      .map((b) => `${a.tensor.name} and ${b.tensor.name}`),
  )
  expect(clashes).toEqual([])
  expect(Math.max(...placed.map(({ end }) => end))).toBeLessThanOrEqual(arenaBytes)
  for (const { start } of placed) expect(start % 256).toBe(0)
})

test('sharing takes a training step of ResNet-50 to less than half the memory', () => {
  const dispatches = step({ software: true, subgroupSize: 8 })
  expect(planMemory(dispatches).arenaBytes).toBeLessThan(0.5 * planWithoutReuse(dispatches).arenaBytes)
})

test('making batch norms again takes a seventh off the memory of ResNet-50 at 224 px', () => {
  const dispatches = step({ software: true, subgroupSize: 8 }, 224)
  const again = recompute(dispatches)
  expect(planMemory(again).arenaBytes).toBeLessThan((6 / 7) * planMemory(dispatches).arenaBytes)
  const made = again.filter(({ kernel }) => kernel.recomputable).length
  expect(made - dispatches.filter(({ kernel }) => kernel.recomputable).length).toBe(again.length - dispatches.length)
})

test('activations in f16 take two fifths off the memory of ResNet-50 at 224 px', () => {
  const arena = (precision: Precision): number =>
    planMemory(step({ software: true, subgroupSize: 8 }, 224, precision)).arenaBytes
  expect(arena('mixed')).toBeLessThan(0.6 * arena('f32'))
})
