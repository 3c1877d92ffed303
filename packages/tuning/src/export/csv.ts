import { type DrivenStudy, epochsSpent } from '../driver/trial.ts'

/** The trials as a table in CSV (RFC 4180): number, state, each objective, each parameter, epochs, and why it ended. */
export function trialsCsv({ plan, trials }: DrivenStudy): string {
  const metrics = plan.objectives.map(({ metric }) => metric)
  const names = Object.keys(plan.space)
  const header = ['number', 'state', ...metrics, ...names.map((name) => `params.${name}`), 'epochs', 'reason']
  const rows = trials.map((trial) => {
    // What a trial that was not completed came to.
    const values = trial.values ?? trial.results.at(-1) ?? []
    return [
      trial.number,
      trial.state,
      ...metrics.map((_, k) => values[k] ?? ''),
      ...names.map((name) => (Object.hasOwn(trial.parameters, name) ? trial.parameters[name] : '')),
      epochsSpent(trial),
      trial.reason ?? '',
    ]
  })
  return [header, ...rows].map((cells) => `${cells.map((cell) => quoted(String(cell))).join(',')}\r\n`).join('')
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
