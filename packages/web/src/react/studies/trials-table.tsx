/** Every trial with its parameters, its values on the way, and why it ended. */
import { type ReactElement, useState } from 'react'
import type { ExportFormat, StudyState, TrialCore } from '../../core/documents.types.ts'
import { type ApiError, asApiError } from '../../core/errors.ts'
import { formatCount } from '../../core/format.ts'
import { formatValue } from '../../core/parameters.ts'
import { formatObjective, metricLabels } from '../../core/study-names.ts'
import { mostTrials, type StudyStore } from '../../core/study-store.ts'
import { ErrorNotice, Panel, ViewLink } from '../parts.tsx'
import { Heads } from '../table.tsx'
import { TrialPill } from './state-pills.tsx'

type Order = 'number' | 'value'

export function TrialsTable(props: {
  study: StudyState
  trials: readonly TrialCore[]
  store: StudyStore
}): ReactElement {
  const { study, trials, store } = props
  const [order, setOrder] = useState<Order>('number')
  const [error, setError] = useState<ApiError | null>(null)
  const { objectives, space } = study
  const sorted = order === 'number' ? trials.toReversed() : byValue(trials, objectives[0]?.direction === 'minimize')
  const save = (format: ExportFormat): void => {
    setError(null)
    download(store, study.name, format).catch((cause) => setError(asApiError(cause)))
  }
  const actions = (
    <div className="actions">
      <fieldset className="segments" aria-label="Order of trials">
        {(['number', 'value'] as const).map((name) => (
          <button key={name} type="button" aria-pressed={order === name} onClick={() => setOrder(name)}>
            {name === 'number' ? 'Newest' : 'Best'}
          </button>
        ))}
      </fieldset>
      <span className="exports">
        {(['csv', 'json', 'optuna'] as const).map((format) => (
          <button key={format} type="button" className="button is-quiet" onClick={() => save(format)}>
            <span className="visually-hidden">Export trials as </span>
            {format === 'optuna' ? 'Optuna' : format.toUpperCase()}
          </button>
        ))}
      </span>
    </div>
  )
  return (
    <Panel
      title="Trials"
      note={trials.length >= mostTrials ? `the first ${formatCount(mostTrials)}; an export has all` : ''}
      actions={actions}
      testId="trials"
    >
      {error && <ErrorNotice error={error} />}
      {trials.length === 0 ? (
        <p className="placeholder">No trial has started.</p>
      ) : (
        <div className="table-scroll trials-table">
          <table aria-label="Trials">
            <thead>
              <tr>
                <Heads of={['Trial', 'State']} />
                <Heads of={objectives.map(({ metric }) => metricLabels[metric])} numbers />
                <Heads of={['On the way']} />
                <Heads of={['Epochs', ...space.map(({ name }) => name)]} numbers />
                <Heads of={['Reason']} />
              </tr>
            </thead>
            <tbody>
              {sorted.map((trial) => (
                <TrialRow key={trial.id} trial={trial} study={study} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}

function TrialRow({ trial, study }: { trial: TrialCore; study: StudyState }): ReactElement {
  const { objectives, space } = study
  const best = study.best?.number === trial.number
  const origin = study.baseline?.number === trial.number ? 'baseline' : trial.enqueued ? 'by hand' : null
  const [run] = trial.runs
  return (
    <tr className={best ? 'is-best' : undefined} data-testid="trial-row" data-state={trial.state}>
      <th scope="row">
        {run ? <ViewLink to={{ name: 'run', id: run.id }}>{`#${trial.number}`}</ViewLink> : `#${trial.number}`}
        {best && <span className="best-mark">best</span>}
        {origin && <span className="muted"> {origin}</span>}
      </th>
      <td>
        <TrialPill state={trial.state} />
      </td>
      {objectives.map(({ metric }, k) => {
        const last = k === 0 ? trial.reports.at(-1)?.value : null
        return (
          <td key={metric} className={trial.values ? 'number' : 'number muted'}>
            {formatObjective(metric, trial.values?.[k] ?? last)}
          </td>
        )
      })}
      <td>
        <Sparkline trial={trial} metric={objectives[0]?.metric} />
      </td>
      <td className="number">{formatCount(trial.epochs)}</td>
      {space.map(({ name }) => {
        const parameter = trial.parameters.find((known) => known.name === name)
        return (
          <td key={name} className="number">
            {parameter ? formatValue(parameter) : <span className="muted">–</span>}
          </td>
        )
      })}
      <td className="reason">{trial.reason}</td>
    </tr>
  )
}

function Sparkline({
  trial,
  metric,
}: {
  trial: TrialCore
  metric: StudyState['objectives'][number]['metric'] | undefined
}): ReactElement | null {
  const values = trial.reports.flatMap(({ value }) => (value === null ? [] : [value]))
  if (!metric || values.length === 0) return null
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const label = trial.reports.map(({ epoch, value }) => `epoch ${epoch}: ${formatObjective(metric, value)}`).join(', ')
  const points = values.map(
    (value, i) =>
      `${(3 + (i / Math.max(1, values.length - 1)) * 64).toFixed(1)},${(17 - ((value - low) / (high - low || 1)) * 14).toFixed(1)}`,
  )
  const [x, y] = (points.at(-1) ?? '3,17').split(',')
  return (
    <svg className="sparkline" width="70" height="20" role="img" aria-label={label}>
      <title>{label}</title>
      <polyline points={points.join(' ')} />
      <circle cx={x} cy={y} r="2" />
    </svg>
  )
}

/** Those with a value first; the best of them before the others. */
function byValue(trials: readonly TrialCore[], lowIsGood: boolean): TrialCore[] {
  const lossOf = ({ values }: TrialCore): number => {
    const value = values?.[0]
    return value === undefined ? Number.POSITIVE_INFINITY : lowIsGood ? value : -value
  }
  return trials.toSorted((a, b) => (lossOf(a) === lossOf(b) ? a.number - b.number : lossOf(a) - lossOf(b)))
}

async function download(store: StudyStore, name: string, format: ExportFormat): Promise<void> {
  const text = await store.export(format)
  const url = URL.createObjectURL(new Blob([text], { type: format === 'csv' ? 'text/csv' : 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${name.replaceAll(/[^\w.-]+/g, '-')}.${format === 'optuna' ? 'optuna.json' : format}`
  link.click()
  URL.revokeObjectURL(url)
}
