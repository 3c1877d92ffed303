import type { Study } from '../study.ts'
import { bracketOfTrial, rungsOf, stagesOf } from './stages.ts'
import { type DrivenStudy, studyOf } from './trial.ts'

/** Trials of a study that were all measured after the same number of unfrozen epochs of the first fold, as complete ones. */
export interface OneRung {
  study: Study
  epochs: number
}

/**
 * What importances may rest on. Where trials pause, few are complete, and values at different rungs are not of one kind: so it is the
 * highest rung to which at least `atLeast` trials came, or else the one to which most came.
 */
export function trialsAtOneRung(driven: DrivenStudy, atLeast = 10): OneRung {
  const { plan, trials } = driven
  const cameTo = (epochs: number) => trials.filter((trial) => resultAt(driven, trial.number, epochs) !== null).length
  const rungs = rungsOf(plan)
  const fullest = rungs.toSorted((a, b) => cameTo(b) - cameTo(a))[0] as number
  const epochs = rungs.findLast((rung) => cameTo(rung) >= atLeast) ?? fullest
  const study = studyOf(driven)
  for (const trial of study.trials) {
    const values = resultAt(driven, trial.number, epochs)
    if (values !== null) Object.assign(trial, { state: 'complete', values })
    else if (trial.state === 'complete') Object.assign(trial, { state: 'pruned', values: null })
  }
  return { study, epochs }
}

function resultAt({ plan, trials }: DrivenStudy, number: number, epochs: number): number[] | null {
  const stage = stagesOf(plan, bracketOfTrial(plan, number)).findIndex((one) => one.fold === 0 && one.epochs === epochs)
  return trials[number]?.results[stage] ?? null
}
