/** The trials of a study as text: for tables, for programs, and for people who come from Optuna or go there. */
import { optunaStudy, trialsCsv } from '@sporeprint/tuning'
import { builder } from '../../graphql/builder.ts'
import { drivenStudy } from './studies.state.ts'
import type { StudyRow, TrialRow } from './studies.table.ts'

const exportFormats = ['csv', 'json', 'optuna'] as const

export const ExportFormat = builder.enumType('ExportFormat', {
  description:
    'csv: a line a trial, a column a parameter. json: every trial with its reports. optuna: JSON whose trials create_trial takes.',
  values: exportFormats,
})

export function exportTrials(
  study: StudyRow,
  trials: readonly TrialRow[],
  format: (typeof exportFormats)[number],
): string {
  const driven = drivenStudy(study, trials)
  switch (format) {
    case 'csv':
      return trialsCsv(driven)
    case 'optuna':
      return toText({ ...optunaStudy(driven), study_name: study.name })
    case 'json':
      return toText({ study: study.name, ...driven })
  }
}

const toText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
