/** The trials of a study as text: CSV for tables, JSON for programs. */
import { builder } from '../../graphql/builder.ts'
import type { StudyRow, TrialRow } from './studies.table.ts'

export const exportFormats = ['csv', 'json'] as const

export const ExportFormat = builder.enumType('ExportFormat', {
  description: 'csv: a line a trial, a column a parameter. json: every trial with its reports.',
  values: exportFormats,
})

export function exportTrials(
  study: StudyRow,
  trials: readonly TrialRow[],
  format: (typeof exportFormats)[number],
): string {
  return format === 'csv' ? toCsv(study, trials) : toJson(study, trials)
}

const epochsOf = ({ epochs }: TrialRow): number => epochs.reduce((sum, n) => sum + n, 0)

function toCsv({ plan }: StudyRow, trials: readonly TrialRow[]): string {
  const names = Object.keys(plan.space)
  const metrics = plan.objectives.map(({ metric }) => metric)
  const head = ['number', 'state', ...metrics, 'epochs', ...names, 'started', 'finished', 'reason']
  const lines = trials.map((trial) => [
    trial.number,
    trial.state,
    ...metrics.map((_, k) => trial.values?.[k]),
    epochsOf(trial),
    ...names.map((name) => trial.parameters[name]),
    trial.startedAt?.toISOString(),
    trial.finishedAt?.toISOString(),
    trial.reason,
  ])
  return [head, ...lines].map((line) => `${line.map(cell).join(',')}\r\n`).join('')
}

/** By RFC 4180; what is null or missing is empty. */
function cell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function toJson({ name, plan }: StudyRow, trials: readonly TrialRow[]): string {
  const document = {
    study: name,
    objectives: plan.objectives,
    space: plan.space,
    trials: trials.map((trial) => ({
      number: trial.number,
      state: trial.state,
      params: trial.parameters,
      values: trial.values,
      reports: trial.reports,
      epochs: epochsOf(trial),
      startedAt: trial.startedAt,
      finishedAt: trial.finishedAt,
      reason: trial.reason,
    })),
  }
  return `${JSON.stringify(document, null, 2)}\n`
}
