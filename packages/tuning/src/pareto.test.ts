import { describe, expect, test } from 'vitest'
import {
  bestByFronts,
  dominates,
  hypervolume,
  hypervolumeContributions,
  hypervolumeSubset,
  nondominationRanks,
  referencePoint,
} from './pareto.ts'
import { mulberry32, readGolden } from './testing/formula.ts'

interface Case {
  history: number
  ranks: number[]
  hypervolume: number
  subset: number
}

function pointsOf(history: number): number[][] {
  const draw = mulberry32(5000 + history)
  return Array.from({ length: 9 }, () => Array.from({ length: 2 + (history % 3) }, () => Math.floor(draw() * 12) / 12))
}

describe('fronts and volumes', () => {
  test.each(readGolden<Case[]>('fronts'))('of history $history are those of Optuna', (golden) => {
    const points = pointsOf(golden.history)
    const reference = (points[0] as number[]).map(() => 1.25)
    expect([...nondominationRanks(points)]).toEqual(golden.ranks)
    expect(hypervolume(points, reference)).toBeCloseTo(golden.hypervolume, 12)
    const chosen = hypervolumeSubset(points, 4, reference).map((i) => points[i] as number[])
    expect(hypervolume(chosen, reference)).toBeCloseTo(golden.subset, 12)
  })

  test('a point dominates where it is nowhere worse and somewhere better: not itself', () => {
    expect([dominates([1, 2], [1, 3]), dominates([1, 2], [1, 2]), dominates([0, 3], [1, 2])]).toEqual([
      true,
      false,
      false,
    ])
  })

  test('equal points share a front, and neither adds volume alone', () => {
    const points = [
      [1, 1],
      [1, 1],
      [0, 3],
    ]
    expect([...nondominationRanks(points)]).toEqual([0, 0, 0])
    expect(hypervolume(points, [4, 4])).toBe(10)
    expect(hypervolumeContributions(points, [4, 4])).toEqual([0, 0, 1])
  })

  test('the best are whole fronts, then those of the next that dominate most, infinite ones last', () => {
    const points = [
      [1, 1],
      [Infinity, 0],
      [0, 3],
      [2, 2],
    ]
    expect(bestByFronts(points, 2).toSorted()).toEqual([0, 2])
    expect(bestByFronts(points, 4)).toEqual([0, 1, 2, 3])
  })

  test('the reference point is worse than the worst, whatever its sign', () => {
    expect(referencePoint([[1, -1, 0]])).toEqual([1.1, -0.9, 1e-12])
  })
})
