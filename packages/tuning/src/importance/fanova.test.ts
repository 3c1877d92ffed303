import { describe, expect, test } from 'vitest'
import { createStudy, enqueue, type Study } from '../study.ts'
import { mulberry32, readGolden } from '../testing/formula.ts'
import { type Bounds, fanova, marginalShare } from './fanova.ts'
import { growForest, type Tree } from './forest.ts'

interface Case {
  trees: Tree[]
  bounds: Bounds
  columns: number[][]
  importances: number[]
}

describe('fANOVA', () => {
  test.each(readGolden<Case[]>('fanova'))('of a given forest has the shares of Optuna 3.1 to 1e-6', (golden) => {
    golden.columns.forEach((features, k) => {
      const share = marginalShare(golden.trees, golden.bounds, features)
      expect(Math.abs(share - (golden.importances[k] as number))).toBeLessThan(1e-6)
    })
  })

  /** Loss 4a + b, with a third parameter that does nothing. */
  function studyOf(trials: number): Study {
    const study = createStudy({
      seed: 5,
      space: {
        nothing: { kind: 'categorical', choices: ['x', 'y'] },
        a: { kind: 'float', low: 0, high: 1 },
        b: { kind: 'float', low: 0, high: 1 },
        fixed: { kind: 'int', low: 3, high: 3 },
      },
    })
    const draw = mulberry32(1)
    for (let i = 0; i < trials; i++) {
      const [a, b] = [draw(), draw()]
      const trial = enqueue(study, { a, b, nothing: draw() < 0.5 ? 'x' : 'y', fixed: 3 })
      trial.state = 'complete'
      trial.values = [4 * a + b]
    }
    return study
  }

  test('gives 4a + b shares near 16 : 1, and nothing to what does nothing', () => {
    const [first, second, ...others] = fanova(studyOf(100))
    expect([first?.name, second?.name, first?.trials]).toEqual(['a', 'b', 100])
    // Steps of a hundred rows are a twentieth of the range or so: the smaller share is known to about as much.
    expect(Math.abs((first?.importance as number) - 16 / 17)).toBeLessThan(0.05)
    expect(others.every(({ importance }) => importance < 0.01)).toBe(true)
    expect(others.find(({ name }) => name === 'fixed')?.importance).toBe(0)
  })

  test('says the same for the same seed', () => {
    expect(fanova(studyOf(20), { trees: 8 })).toEqual(fanova(studyOf(20), { trees: 8 }))
  })

  test('a tree grows until it knows its rows by heart', () => {
    const rows = [[0], [1], [2], [3]]
    const targets = [5, 5, 1, 9]
    const [tree] = growForest(rows, targets, 1, 3) as [Tree]
    const leaves = tree.feature.flatMap((feature, node) => (feature < 0 ? [tree.value[node] as number] : []))
    expect(leaves.every((value) => targets.includes(value))).toBe(true)
  })
})
