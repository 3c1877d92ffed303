/** The list of runs: live, filtered by status, newest first. */
import { type ReactElement, useCallback } from 'react'
import { formatCount } from '../core/format.ts'
import { createRunsStore, type RunsStore } from '../core/runs-store.ts'
import { type StatusFilter, statusFilters } from '../core/view.ts'
import { useConsole, useOwnedStore, useStoreState } from './context.ts'
import { FeedBadge } from './feed-badge.tsx'
import { PlusIcon, SporeprintMark } from './icons.tsx'
import { ErrorNotice } from './parts.tsx'
import { RunsTable } from './runs-table.tsx'

const filterLabels: Record<StatusFilter, string> = {
  all: 'All',
  active: 'Active',
  succeeded: 'Succeeded',
  stopped: 'Stopped',
  failed: 'Failed',
}

export function RunsView({ filter }: { filter: StatusFilter }): ReactElement {
  const { api, router } = useConsole()
  const store = useOwnedStore(useCallback(() => createRunsStore(api, filter), [api, filter]))
  const startRun = useCallback(() => router.go({ name: 'new-run' }), [router])
  return (
    <>
      <div className="page-head">
        <h1>Runs</h1>
        <button type="button" className="button is-primary" data-testid="start-run" onClick={startRun}>
          <PlusIcon />
          Start a run
        </button>
      </div>
      {store && <RunsList store={store} filter={filter} onStart={startRun} />}
    </>
  )
}

function RunsList(props: { store: RunsStore; filter: StatusFilter; onStart: () => void }): ReactElement {
  const { store, filter, onStart } = props
  const { router } = useConsole()
  const state = useStoreState(store)
  const nothingYet = state.phase === 'ready' && state.runs.length === 0 && !state.error
  return (
    <>
      <div className="runs-toolbar">
        <fieldset className="segments" aria-label="Filter by status">
          {statusFilters.map((status) => (
            <button
              key={status}
              type="button"
              aria-pressed={status === filter}
              onClick={() => router.go({ name: 'runs', status })}
            >
              {filterLabels[status]}
            </button>
          ))}
        </fieldset>
        <div className="runs-state">
          {state.phase === 'ready' && !(state.error && state.runs.length === 0) && (
            <span className="muted">
              {formatCount(state.totalCount)} {state.totalCount === 1 ? 'run' : 'runs'}
            </span>
          )}
          <FeedBadge state={state.feed} />
        </div>
      </div>
      {state.error && <ErrorNotice error={state.error} onRetry={store.retry} />}
      {(state.phase === 'loading' || state.runs.length > 0) && (
        <div className="panel" aria-busy={state.phase === 'loading'}>
          {state.phase === 'loading' ? <LoadingRows /> : <RunsTable runs={state.runs} />}
          {state.next !== null && (
            <div className="more">
              <button type="button" className="button" onClick={() => void store.loadMore()}>
                Show more ({state.totalCount - state.runs.length} left)
              </button>
            </div>
          )}
        </div>
      )}
      {nothingYet && (filter === 'all' ? <NoRuns onStart={onStart} /> : <NoMatch filter={filter} />)}
    </>
  )
}

function NoRuns({ onStart }: { onStart: () => void }): ReactElement {
  return (
    <div className="panel empty" data-testid="empty">
      <SporeprintMark size={72} />
      <h2>No runs yet</h2>
      <p>
        A run fine-tunes a ResNet on one of your datasets and shows its curves here while it trains. Start one here, or
        with <code>startRun</code> through GraphQL.
      </p>
      <button type="button" className="button is-primary" onClick={onStart}>
        Start your first run
      </button>
    </div>
  )
}

function NoMatch({ filter }: { filter: StatusFilter }): ReactElement {
  const { router } = useConsole()
  return (
    <div className="panel empty" data-testid="empty">
      <h2>No {filterLabels[filter].toLowerCase()} runs</h2>
      <p>Runs appear here as soon as their status matches.</p>
      <button type="button" className="button" onClick={() => router.go({ name: 'runs' })}>
        Show all runs
      </button>
    </div>
  )
}

function LoadingRows(): ReactElement {
  return (
    <div className="loading-rows">
      <span className="visually-hidden">Loading runs</span>
      {[0, 1, 2, 3].map((row) => (
        <div key={row} className="skeleton" />
      ))}
    </div>
  )
}
