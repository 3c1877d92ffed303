import { expect, test } from 'vitest'
import { createPlan, type DrivenStudy, optunaStudy, pedAnova, record, trialsAtOneRung, trialsCsv } from '../index.ts'
import { simulate } from '../testing/simulate.ts'

const space = {
  rate: { kind: 'float', low: 1e-4, high: 1, log: true },
  size: { kind: 'int', low: 32, high: 96, step: 32 },
  text: { kind: 'categorical', choices: ['plain', 'a "b", c', null] },
  power: { kind: 'float', low: 0, high: 1, step: 0.25, when: { parameter: 'text', is: [null] } },
} as const
const pruner = { kind: 'successiveHalving', reductionFactor: 3 } as const
const objectives = [{ metric: 'accuracy', direction: 'maximize' }] as const
const options = { name: 'few', space, pruner, objectives, epochs: 9, freezeEpochs: 1, budget: { trials: 30 } }

function few(): DrivenStudy {
  const study: DrivenStudy = { plan: createPlan(options), trials: [] }
  const parameters = { rate: 0.5, size: 64, text: 'a "b", c' }
  record(study, { kind: 'started', number: 0, parameters })
  record(study, { kind: 'reported', number: 0, fold: 0, epoch: 1, value: 0.1 })
  record(study, { kind: 'reported', number: 0, fold: 0, epoch: 2, value: 0.25 })
  record(study, { kind: 'reached', number: 0, values: [0.25] })
  record(study, { kind: 'started', number: 1, parameters: { rate: 0.1, size: 32, text: null, power: 0.75 } })
  record(study, { kind: 'failed', number: 1, reason: 'out of memory' })
  record(study, { kind: 'enqueued', parameters: { rate: 0.01 } })
  return study
}

test('trials are a table whose cells are quoted where they must be', () => {
  expect(trialsCsv(few())).toBe(
    [
      'number,state,accuracy,params.rate,params.size,params.text,params.power,epochs,reason',
      '0,paused,0.25,0.5,64,"a ""b"", c",,2,',
      '1,failed,,0.1,32,null,0.75,0,out of memory',
      '2,waiting,,0.01,,,,0,',
      '',
    ].join('\r\n'),
  )
})

test('trials are such as Optuna creates, a paused one pruned, its reports by unfrozen epoch', () => {
  const { trials, ...study } = optunaStudy(few())
  expect(study).toEqual({ study_name: 'few', directions: ['maximize'], metric_names: ['accuracy'] })
  expect(trials).toEqual([
    {
      number: 0,
      state: 'PRUNED',
      values: [0.25],
      params: { rate: 0.5, size: 64, text: 'a "b", c' },
      distributions: {
        rate: { name: 'FloatDistribution', attributes: { step: null, low: 1e-4, high: 1, log: true } },
        size: { name: 'IntDistribution', attributes: { log: false, step: 32, low: 32, high: 96 } },
        text: { name: 'CategoricalDistribution', attributes: { choices: ['plain', 'a "b", c', null] } },
      },
      intermediate_values: { 1: 0.25 },
      user_attrs: { epochs: 2 },
    },
    expect.objectContaining({ state: 'FAIL', values: null, user_attrs: { epochs: 0, reason: 'out of memory' } }),
    expect.objectContaining({ state: 'WAITING', values: null, params: { rate: 0.01 } }),
  ])
})

test('importances rest on the highest rung that enough trials came to', () => {
  const { study } = simulate(
    options,
    ({ parameters }, _, epochs) => epochs - Math.abs(Math.log(parameters.rate as number)),
  )
  const came = (stage: number) => study.trials.filter(({ results }) => results.length > stage).length
  expect([came(0), came(1) < 30, came(2) < came(1)]).toEqual([30, true, true])
  const at = trialsAtOneRung(study, came(1))
  expect(at.epochs).toBe(3)
  expect(at.study.trials.filter(({ state }) => state === 'complete')).toHaveLength(came(1))
  expect(pedAnova(at.study)[0]).toMatchObject({ name: 'rate', trials: came(1) })
  expect(trialsAtOneRung(study, 31).epochs).toBe(1)
})
