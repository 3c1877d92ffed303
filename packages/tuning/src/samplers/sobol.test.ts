import { describe, expect, test } from 'vitest'
import { ask } from '../ask.ts'
import { createStudy } from '../study.ts'
import { readGolden } from '../testing/formula.ts'
import { JOE_KUO } from './joe-kuo.ts'
import { sobolWord } from './sobol.ts'

describe("Sobol's sequence", () => {
  test.each(Object.entries(readGolden<Record<string, number[]>>('sobol')))(
    "has SciPy's point %s in 64 dimensions",
    (i, point) => {
      expect(point).toHaveLength(JOE_KUO.length)
      point.forEach((coordinate, d) => {
        expect(sobolWord(d, Number(i)) / 2 ** 32).toBe(coordinate)
      })
    },
  )

  test('scrambled still has one of 16 points in each sixteenth, in every dimension and in squares of the first two', () => {
    const names = Array.from({ length: 20 }, (_, d) => `x${d}`)
    const study = createStudy({
      seed: 3,
      space: Object.fromEntries(names.map((name) => [name, { kind: 'float', low: 0, high: 1 }])),
      sampler: { kind: 'sobol' },
    })
    const points = Array.from({ length: 16 }, () => ask(study)?.parameters as Record<string, number>)
    for (const name of names) {
      expect(new Set(points.map((point) => Math.floor((point[name] as number) * 16))).size).toBe(16)
    }
    const cells = points.map(({ x0, x1 }) => 4 * Math.floor((x0 as number) * 4) + Math.floor((x1 as number) * 4))
    expect(new Set(cells).size).toBe(16)
  })
})
