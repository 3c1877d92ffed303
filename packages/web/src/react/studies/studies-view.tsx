/** The list of studies: live, newest first. */
import { type ReactElement, useCallback } from 'react'
import type { StudySummary } from '../../core/documents.types.ts'
import { formatAgo, formatArch, formatCount, formatDateTime } from '../../core/format.ts'
import { createStudiesStore, type StudiesStore } from '../../core/studies-store.ts'
import { formatObjective, metricLabels } from '../../core/study-names.ts'
import { useConsole, useNow, useOwnedStore, useStoreState } from '../context.ts'
import { FeedBadge } from '../feed-badge.tsx'
import { PlusIcon, SporeprintMark } from '../icons.tsx'
import { ErrorNotice, ProgressBar, ViewLink } from '../parts.tsx'
import { StudyPill } from './state-pills.tsx'

export function StudiesView(): ReactElement {
  const { api, router } = useConsole()
  const store = useOwnedStore(useCallback(() => createStudiesStore(api), [api]))
  const start = useCallback(() => router.go({ name: 'new-study' }), [router])
  return (
    <>
      <div className="page-head">
        <h1>Studies</h1>
        <button type="button" className="button is-primary" data-testid="start-study" onClick={start}>
          <PlusIcon />
          Start a study
        </button>
      </div>
      {store && <StudiesList store={store} onStart={start} />}
    </>
  )
}

function StudiesList({ store, onStart }: { store: StudiesStore; onStart: () => void }): ReactElement {
  const state = useStoreState(store)
  const { studies, phase, error } = state
  return (
    <>
      <div className="runs-toolbar is-end">
        <div className="runs-state">
          {phase === 'ready' && !error && (
            <span className="muted">
              {formatCount(state.totalCount)} {state.totalCount === 1 ? 'study' : 'studies'}
            </span>
          )}
          <FeedBadge state={state.feed} />
        </div>
      </div>
      {error && <ErrorNotice error={error} onRetry={store.retry} />}
      {(phase === 'loading' || studies.length > 0) && (
        <div className="panel" aria-busy={phase === 'loading'}>
          {phase === 'loading' ? <LoadingRows /> : <StudiesTable studies={studies} />}
          {state.next !== null && (
            <div className="more">
              <button type="button" className="button" onClick={() => void store.loadMore()}>
                Show more ({state.totalCount - studies.length} left)
              </button>
            </div>
          )}
        </div>
      )}
      {phase === 'ready' && studies.length === 0 && !error && <NoStudies onStart={onStart} />}
    </>
  )
}

const columns = ['Dataset', 'Network', 'Trials'] as const

function StudiesTable({ studies }: { studies: readonly StudySummary[] }): ReactElement {
  const now = useNow(15_000)
  return (
    <div className="table-scroll runs-table">
      <table aria-label="Studies">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Status</th>
            {columns.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
            {['Best', 'Epochs', 'Started'].map((name) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {studies.map((study) => (
            <StudyRow key={study.id} study={study} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function StudyRow({ study, now }: { study: StudySummary; now: number }): ReactElement {
  const { best, objectives, spent } = study
  const [objective] = objectives
  return (
    <tr data-testid="study-row">
      <th scope="row" className="run-name">
        <ViewLink to={{ name: 'study', id: study.id }} className="run-link">
          {study.name}
        </ViewLink>
      </th>
      <td className="run-status" data-label="Status">
        <StudyPill status={study.status} />
      </td>
      <td data-label="Dataset">{study.dataset.name}</td>
      <td data-label="Network">{formatArch(study.config.arch)}</td>
      <td data-label="Trials">
        <TrialsDone study={study} />
      </td>
      <td className={best ? 'number' : 'number is-empty muted'} data-label="Best">
        {best && objective ? (
          <>
            {formatObjective(objective.metric, best.values?.[0])}{' '}
            <span className="muted">{metricLabels[objective.metric]}</span>
          </>
        ) : (
          '–'
        )}
      </td>
      <td className="number" data-label="Epochs">
        {formatCount(spent.epochs)}
      </td>
      <td className="number" data-label="Started">
        <time dateTime={study.createdAt} title={formatDateTime(study.createdAt)}>
          {formatAgo(study.createdAt, now)}
        </time>
      </td>
    </tr>
  )
}

function TrialsDone({ study }: { study: StudySummary }): ReactElement {
  const { counts, budget, status } = study
  const ended = counts.complete + counts.pruned + counts.failed + counts.paused
  const total = budget.trials ?? Math.max(ended + counts.running + counts.waiting, 1)
  return (
    <div className="epochs-cell">
      <ProgressBar
        done={ended}
        total={total}
        label={`${study.name}: ${ended} of ${total} trials`}
        color={status === 'RUNNING' ? '--sp-busy' : status === 'FINISHED' ? '--sp-good' : '--sp-line-strong'}
      />
      <span>{budget.trials === null ? formatCount(ended) : `${ended}/${total}`}</span>
    </div>
  )
}

function NoStudies({ onStart }: { onStart: () => void }): ReactElement {
  return (
    <div className="panel empty" data-testid="empty">
      <SporeprintMark size={72} />
      <h2>No studies yet</h2>
      <p>
        A study searches for the settings with which a network learns a dataset best: many trials, of which the poor
        ones are stopped early. Start one here, or with <code>startStudy</code> through GraphQL.
      </p>
      <button type="button" className="button is-primary" onClick={onStart}>
        Start your first study
      </button>
    </div>
  )
}

function LoadingRows(): ReactElement {
  return (
    <div className="loading-rows">
      <span className="visually-hidden">Loading studies</span>
      {[0, 1, 2].map((row) => (
        <div key={row} className="skeleton" />
      ))}
    </div>
  )
}
