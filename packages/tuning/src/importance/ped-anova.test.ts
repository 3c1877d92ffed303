import { describe, expect, test } from 'vitest'
import type { Parameters, Space } from '../space.ts'
import { createStudy, enqueue, type Study } from '../study.ts'
import { goldenValue, mulberry32, readGolden, SPACE } from '../testing/formula.ts'
import { pedAnova } from './ped-anova.ts'

const CONDITIONAL: Space = {
  ...SPACE,
  h_conditional: { kind: 'float', low: 0, high: 1, when: { parameter: 'g_choice', is: ['sgd'] } },
}

/** The history of make_ped_anova.py. */
function studyOf(history: number): Study {
  const draw = mulberry32(7000 + history)
  const objectives = history % 4 === 3 ? 2 : 1
  const directions = ([history % 2 ? 'maximize' : 'minimize', 'minimize'] as const).slice(0, objectives)
  const study = createStudy({ space: CONDITIONAL, directions })
  for (let i = 0; i < ([5, 20, 64, 150][history % 4] as number); i++) {
    const units = Object.keys(CONDITIONAL).map(() => draw())
    const parameters: Parameters = {}
    Object.entries(CONDITIONAL).forEach(([name, parameter], d) => {
      const value = goldenValue(parameter, units[d] as number)
      parameters[name] = parameter.kind === 'categorical' ? (parameter.choices[value] ?? null) : value
    })
    if (parameters.g_choice !== 'sgd') delete parameters.h_conditional
    const [u0, u1, u2, u3, , , u6] = units as [number, number, number, number, number, number, number]
    const trial = enqueue(study, parameters)
    trial.state = 'complete'
    trial.values = [(u0 - 0.3) ** 2 + 0.2 * u1 * u3, u6 - 0.3 * u2].slice(0, objectives)
  }
  return study
}

describe('PED-ANOVA', () => {
  const cases = readGolden<{ history: number; importances: Record<string, number> }[]>('pedAnova', 'ped-anova.json')
  test.each(cases)('of history $history has the importances of Optuna 5 to 1e-6', ({ history, importances }) => {
    const ours = pedAnova(studyOf(history))
    expect(ours.map(({ name }) => name).toSorted()).toEqual(Object.keys(importances).toSorted())
    for (const { name, importance } of ours) {
      expect(Math.abs(importance - (importances[name] as number)), name).toBeLessThan(1e-6)
    }
  })

  test('sorts by importance, and says on how many trials each rests', () => {
    const study = studyOf(2)
    const ours = pedAnova(study)
    expect(ours.map(({ importance }) => importance)).toEqual(
      ours.map(({ importance }) => importance).toSorted((a, b) => b - a),
    )
    const having = study.trials.filter(({ parameters }) => 'h_conditional' in parameters).length
    expect(ours.find(({ name }) => name === 'h_conditional')?.trials).toBe(having)
    expect(ours.find(({ name }) => name === 'a_float')?.trials).toBe(64)
    expect(ours[0]?.name).toBe('a_float')
  })

  test('needs two complete trials', () => {
    expect(() => pedAnova(createStudy({ space: SPACE }))).toThrow('importances need at least two')
  })
})
