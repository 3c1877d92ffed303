/** The list of runs: live, filtered by status, newest first. */
import { type ReactElement, useCallback } from 'react'
import { createRunList } from '../core/lists.ts'
import { type StatusFilter, statusFilters } from '../core/view.ts'
import { useConsole, useOwnedStore } from './context.ts'
import { FirstOne, ListHead, LiveList } from './live-list.tsx'
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
  const store = useOwnedStore(useCallback(() => createRunList(api, filter), [api, filter]))
  const start = useCallback(() => router.go({ name: 'new-run' }), [router])
  return (
    <>
      <ListHead title="Runs" start="Start a run" testId="start-run" onStart={start} />
      {store && (
        <LiveList
          store={store}
          names={['run', 'runs']}
          tools={<StatusFilterButtons filter={filter} />}
          table={(runs) => <RunsTable runs={runs} />}
          empty={filter === 'all' ? <NoRuns onStart={start} /> : <NoMatch filter={filter} />}
        />
      )}
    </>
  )
}

function StatusFilterButtons({ filter }: { filter: StatusFilter }): ReactElement {
  const { router } = useConsole()
  return (
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
  )
}

function NoRuns({ onStart }: { onStart: () => void }): ReactElement {
  return (
    <FirstOne title="No runs yet" start="Start your first run" onStart={onStart}>
      A run fine-tunes a ResNet on one of your datasets and shows its curves here while it trains. Start one here, or
      with <code>startRun</code> through GraphQL.
    </FirstOne>
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
