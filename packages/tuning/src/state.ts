import { TuningError } from './errors.ts'
import { checkStudy, type Study, type Trial } from './study.ts'

/** A study as text. JSON has no NaN or infinity, which reports and values may be: they are written as words. */
export function writeStudy(study: Study): string {
  return JSON.stringify(study, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value,
  )
}

/** The study that `writeStudy` wrote; throws where the text is not one. */
export function readStudy(text: string): Study {
  let study: Study
  try {
    study = JSON.parse(text) as Study
    study.trials.forEach(restoreNumbers)
    checkStudy(study)
  } catch (cause) {
    if (cause instanceof TuningError) throw cause
    throw new TuningError('This text is not a study that writeStudy wrote', { cause })
  }
  study.trials.forEach(({ number }, i) => {
    if (number !== i) throw new TuningError(`Trial ${number} of the study stands in place ${i}: trials count from 0`)
  })
  return study
}

function restoreNumbers(trial: Trial): void {
  for (const list of [trial.values, trial.rungs, trial.constraints]) {
    list?.forEach((value, i) => {
      list[i] = Number(value)
    })
  }
  for (const report of trial.reports) report.value = Number(report.value)
}
