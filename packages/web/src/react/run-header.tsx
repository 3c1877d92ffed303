import type { ReactElement } from 'react'
import { formatAgo, formatArch, formatDateTime, formatDuration } from '../core/format.ts'
import { isActive } from '../core/run-status.ts'
import type { RunDetails, RunStore, RunViewState } from '../core/run-store.ts'
import { useNow } from './context.ts'
import { FeedBadge } from './feed-badge.tsx'
import { PageHeader } from './page.tsx'
import { StatusPill, ViewLink } from './parts.tsx'
import { ResumeButton, StopButton } from './stop-resume.tsx'

export function RunHeader(props: { run: RunDetails; state: RunViewState; store: RunStore }): ReactElement {
  const { run, state, store } = props
  const now = useNow(isActive(run.status) ? 1000 : 15_000)
  return (
    <PageHeader
      back={{ to: { name: 'runs' }, label: 'All runs' }}
      title={
        <div className="run-title">
          <h1>{run.name}</h1>
          <StatusPill status={run.status} testId="run-status" />
        </div>
      }
      about={
        <ul className="meta">
          {run.study && (
            <li>
              trial of <ViewLink to={{ name: 'study', id: run.study.id }}>{run.study.name}</ViewLink>
            </li>
          )}
          <li>{run.dataset.name}</li>
          <li>{formatArch(run.config.arch)}</li>
          <li>{run.config.size} px</li>
          <li>batch {run.config.batch}</li>
          <RunTimes run={run} now={now} />
        </ul>
      }
      actions={
        <>
          {(isActive(run.status) || state.feed === 'reconnecting') && <FeedBadge state={state.feed} />}
          {run.best !== null && (
            <ViewLink to={{ name: 'predict', run: run.id }} className="button">
              Try it
            </ViewLink>
          )}
          <RunAction run={run} state={state} store={store} />
        </>
      }
    />
  )
}

function RunTimes({ run, now }: { run: RunDetails; now: number }): ReactElement {
  const { startedAt, finishedAt } = run
  if (!startedAt) return <li>queued {formatAgo(run.createdAt, now)}</li>
  const end = finishedAt === null ? now : Date.parse(finishedAt)
  const seconds = Math.max(0, end - Date.parse(startedAt)) / 1000
  return (
    <>
      <li>
        <time dateTime={startedAt} title={formatDateTime(startedAt)}>
          started {formatAgo(startedAt, now)}
        </time>
      </li>
      <li>
        {isActive(run.status) ? 'running for' : 'took'} {formatDuration(seconds)}
      </li>
    </>
  )
}

/** What becomes of a trial is for its study to say. */
function RunAction({
  run,
  state,
  store,
}: {
  run: RunDetails
  state: RunViewState
  store: RunStore
}): ReactElement | null {
  if (isActive(run.status)) return <StopButton state={state} store={store} />
  return run.status === 'SUCCEEDED' || run.study ? null : <ResumeButton state={state} store={store} />
}
