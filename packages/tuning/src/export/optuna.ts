import { type DrivenStudy, type DrivenTrial, epochsSpent, studyOf } from '../driver/trial.ts'
import type { Parameter, Parameters } from '../space.ts'
import type { Trial } from '../study.ts'

/** A trial as `optuna.trial.create_trial` takes it; each distribution is what `optuna.distributions.json_to_distribution` reads. */
export interface OptunaTrial {
  number: number
  state: 'WAITING' | 'RUNNING' | 'COMPLETE' | 'PRUNED' | 'FAIL'
  values: number[] | null
  params: Parameters
  distributions: Record<string, { name: string; attributes: object }>
  /** By step, an unfrozen epoch; a value that is not a number is null. */
  intermediate_values: Record<string, number | null>
  user_attrs: { epochs: number; reason?: string }
}

export interface OptunaStudy {
  study_name: string
  directions: string[]
  metric_names: string[]
  trials: OptunaTrial[]
}

const states = {
  waiting: 'WAITING',
  running: 'RUNNING',
  complete: 'COMPLETE',
  pruned: 'PRUNED',
  failed: 'FAIL',
} as const

/** The study for people who come from Optuna, or go there: README.md has the lines of Python that read it. */
export function optunaStudy(study: DrivenStudy): OptunaStudy {
  const { name, objectives } = study.plan
  const core = studyOf(study)
  return {
    study_name: name,
    directions: objectives.map(({ direction }) => direction),
    metric_names: objectives.map(({ metric }) => metric),
    trials: study.trials.map((trial) => optunaTrial(study, trial, core.trials[trial.number] as Trial)),
  }
}

function optunaTrial({ plan }: DrivenStudy, trial: DrivenTrial, core: Trial): OptunaTrial {
  // A trial that runs on from a rung is a running one to others.
  const state = trial.state === 'running' ? 'running' : core.state
  const parameters = Object.entries(trial.parameters)
  return {
    number: trial.number,
    state: states[state],
    values: state === 'complete' || state === 'pruned' ? core.values : null,
    params: trial.parameters,
    distributions: Object.fromEntries(
      parameters.map(([name]) => [name, distributionOf(plan.space[name] as Parameter)]),
    ),
    intermediate_values: Object.fromEntries(
      core.reports.map(({ step, value }) => [step, Number.isNaN(value) ? null : value]),
    ),
    user_attrs: { epochs: epochsSpent(trial), ...(trial.reason !== null && { reason: trial.reason }) },
  }
}

function distributionOf(parameter: Parameter): { name: string; attributes: object } {
  if (parameter.kind === 'categorical') {
    return { name: 'CategoricalDistribution', attributes: { choices: parameter.choices } }
  }
  const { kind, low, high, log = false } = parameter
  if (kind === 'int') {
    return { name: 'IntDistribution', attributes: { log, step: parameter.step ?? 1, low, high } }
  }
  return { name: 'FloatDistribution', attributes: { step: parameter.step ?? null, low, high, log } }
}
