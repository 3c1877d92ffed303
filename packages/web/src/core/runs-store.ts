/** The list of runs: a page of it from a query, kept current by one subscription. Trials of studies are listed with their study. */
import type { Api, FeedState } from './api.ts'
import { runsFeed, runsQuery } from './documents.ts'
import type { RunSummary, RunsFeed } from './documents.types.ts'
import { type ApiError, asApiError } from './errors.ts'
import { filterStatuses, matchesFilter } from './run-status.ts'
import { createStore, type ReadableStore } from './store.ts'
import type { StatusFilter } from './view.ts'

export interface RunsState {
  phase: 'loading' | 'ready'
  filter: StatusFilter
  /** Newest first. */
  runs: readonly RunSummary[]
  totalCount: number
  /** Where the next page starts; null on the last. */
  next: string | null
  error: ApiError | null
  feed: FeedState
}

export interface RunsStore extends ReadableStore<RunsState> {
  loadMore(): Promise<void>
  retry(): Promise<void>
  /** Ends the subscription; the store is of no use afterwards. */
  close(): void
}

const pageSize = 50
const reopenMs = 1500

export function createRunsStore(api: Api, filter: StatusFilter): RunsStore {
  const store = createStore<RunsState>({
    phase: 'loading',
    filter,
    runs: [],
    totalCount: 0,
    next: null,
    error: null,
    feed: 'connecting',
  })
  let closed = false
  let endFeed = openFeed()
  void load()

  function openFeed(): () => void {
    return api.subscribe(
      runsFeed,
      {},
      {
        onData: ({ runs: event }) => store.set(applyRunEvent(store.get(), event)),
        onState(feed) {
          const before = store.get().feed
          store.set({ feed })
          if (feed === 'live' && before === 'reconnecting') void load()
          if (feed === 'closed') setTimeout(reopen, reopenMs)
        },
        onError: (error) => store.set({ error, feed: 'closed' }),
      },
    )
  }

  function reopen(): void {
    if (closed) return
    endFeed()
    endFeed = openFeed()
    void load()
  }

  async function load(): Promise<void> {
    await fetchPage(null)
  }

  async function fetchPage(after: string | null): Promise<void> {
    try {
      const statuses = filterStatuses[filter]
      const { runs } = await api.query(runsQuery, {
        filter: { ofStudies: false, ...(statuses && { status: statuses }) },
        first: pageSize,
        after,
      })
      if (closed) return
      const page = runs.edges.map((edge) => edge.node)
      const known = new Set(page.map((run) => run.id))
      const earlier = after === null ? [] : store.get().runs.filter((run) => !known.has(run.id))
      store.set({
        phase: 'ready',
        runs: [...earlier, ...page],
        totalCount: runs.totalCount,
        next: runs.pageInfo.hasNextPage ? runs.pageInfo.endCursor : null,
        error: null,
      })
    } catch (error) {
      if (!closed) store.set({ phase: 'ready', error: asApiError(error) })
    }
  }

  return {
    get: store.get,
    subscribe: store.subscribe,
    async loadMore() {
      const { next } = store.get()
      if (next !== null) await fetchPage(next)
    },
    retry: load,
    close() {
      closed = true
      endFeed()
    },
  }
}

/** A run that is new comes first; one that is gone or left the filter goes; any other is replaced where it stands. */
export function applyRunEvent(state: RunsState, event: RunsFeed['runs']): Pick<RunsState, 'runs' | 'totalCount'> {
  const { runs, totalCount, filter } = state
  const { id, run } = event
  if (run?.study) return { runs, totalCount }
  const known = runs.some((other) => other.id === id)
  if (!run || !matchesFilter(run.status, filter)) {
    return known ? { runs: runs.filter((other) => other.id !== id), totalCount: totalCount - 1 } : { runs, totalCount }
  }
  if (known) return { runs: runs.map((other) => (other.id === id ? run : other)), totalCount }
  const newest = runs[0]
  // An old run of a later page that merely changed is not news.
  if (newest && Date.parse(run.createdAt) < Date.parse(newest.createdAt)) return { runs, totalCount }
  return { runs: [run, ...runs], totalCount: totalCount + 1 }
}
