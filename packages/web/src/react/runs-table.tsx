import type { ReactElement } from 'react'
import type { RunSummary } from '../core/documents.types.ts'
import {
  formatAgo,
  formatArch,
  formatDateTime,
  formatDuration,
  formatImagesPerSecond,
  formatNumber,
  formatPercent,
} from '../core/format.ts'
import { isActive } from '../core/run-status.ts'
import { useNow } from './context.ts'
import { ProgressBar, StatusPill, ViewLink } from './parts.tsx'
import { Heads } from './table.tsx'

export function RunsTable({ runs }: { runs: readonly RunSummary[] }): ReactElement {
  const now = useNow(15_000)
  return (
    <div className="table-scroll runs-table">
      <table aria-label="Runs">
        <thead>
          <tr>
            <Heads of={['Name', 'Status', 'Dataset', 'Network', 'Epochs']} />
            <Heads of={['Valid loss', 'Accuracy', 'F1 macro', 'Images/s', 'Time left', 'Started']} numbers />
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <RunRow key={run.id} run={run} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function RunRow({ run, now }: { run: RunSummary; now: number }): ReactElement {
  const { best, config, progress } = run
  const active = isActive(run.status)
  const started = run.startedAt ?? run.createdAt
  return (
    <tr data-testid="run-row" data-run={run.id}>
      <th scope="row" className="run-name">
        <ViewLink to={{ name: 'run', id: run.id }} className="run-link">
          {run.name}
        </ViewLink>
      </th>
      <td className="run-status" data-label="Status">
        <StatusPill status={run.status} testId="run-status" />
      </td>
      <td data-label="Dataset">{run.dataset.name}</td>
      <td data-label="Network">{formatArch(config.arch)}</td>
      <td data-label="Epochs">
        <Epochs run={run} />
      </td>
      <Figure label="Valid loss" text={best && formatNumber(best.validLoss)} />
      <Figure label="Accuracy" text={best && formatPercent(best.accuracy)} />
      <Figure label="F1 macro" text={best && formatNumber(best.f1Macro, 3)} />
      <Figure
        label="Images/s"
        text={progress?.imagesPerSecond ? formatImagesPerSecond(progress.imagesPerSecond) : null}
      />
      <Figure
        label="Time left"
        text={active && progress?.secondsLeft != null ? formatDuration(progress.secondsLeft) : null}
      />
      <td className="number" data-label={run.startedAt ? 'Started' : 'Created'}>
        <time dateTime={started} title={formatDateTime(started)}>
          {formatAgo(started, now)}
        </time>
      </td>
    </tr>
  )
}

function Figure({ label, text }: { label: string; text: string | null | undefined }): ReactElement {
  return (
    <td className={text ? 'number' : 'number is-empty muted'} data-label={label}>
      {text ?? '–'}
    </td>
  )
}

/** Epochs finished of those planned; the bar moves with the steps between them. */
function Epochs({ run }: { run: RunSummary }): ReactElement {
  const { config, progress, status } = run
  const planned = config.epochs + config.freezeEpochs
  const share = status === 'SUCCEEDED' ? 1 : trainedShare(progress)
  const done = status === 'SUCCEEDED' ? planned : Math.floor(share * planned)
  const color =
    status === 'RUNNING' || status === 'QUEUED'
      ? '--sp-busy'
      : status === 'SUCCEEDED'
        ? '--sp-good'
        : '--sp-line-strong'
  return (
    <div className="epochs-cell">
      <ProgressBar done={share} total={1} label={`${run.name}: ${done} of ${planned} epochs`} color={color} />
      <span>
        {done}/{planned}
      </span>
    </div>
  )
}

function trainedShare(progress: RunSummary['progress']): number {
  return progress?.stage === 'training' && progress.total > 0 ? progress.done / progress.total : 0
}
