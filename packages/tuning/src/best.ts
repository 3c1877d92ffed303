import { nondominationRanks } from './pareto.ts'
import { lossesOf, type Study, type Trial, violationOf } from './study.ts'

/** The complete, feasible trials that no other one dominates, by number: with one objective, the best. */
export function paretoFront(study: Study): Trial[] {
  const trials = study.trials.filter((trial) => trial.state === 'complete' && violationOf(trial, 0) === 0)
  const ranks = nondominationRanks(trials.map((trial) => lossesOf(study, trial)))
  return trials.filter((_, i) => ranks[i] === 0)
}

/** The first of the best complete trials; of several objectives, of those on the front. Null before there is one. */
export function bestTrial(study: Study): Trial | null {
  return paretoFront(study)[0] ?? null
}
