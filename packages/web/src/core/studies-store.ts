/** The list of studies: pages from a query, kept current by one subscription. */
import type { Api, FeedState } from './api.ts'
import { studiesFeed, studiesQuery } from './documents.ts'
import type { StudiesFeed, StudySummary } from './documents.types.ts'
import { type ApiError, asApiError } from './errors.ts'
import { createStore, type ReadableStore } from './store.ts'

export interface StudiesState {
  phase: 'loading' | 'ready'
  /** Newest first. */
  studies: readonly StudySummary[]
  totalCount: number
  /** Where the next page starts; null on the last. */
  next: string | null
  error: ApiError | null
  feed: FeedState
}

export interface StudiesStore extends ReadableStore<StudiesState> {
  loadMore(): Promise<void>
  retry(): Promise<void>
  /** Ends the subscription; the store is of no use afterwards. */
  close(): void
}

const pageSize = 50
const reopenMs = 1500

export function createStudiesStore(api: Api): StudiesStore {
  const store = createStore<StudiesState>({
    phase: 'loading',
    studies: [],
    totalCount: 0,
    next: null,
    error: null,
    feed: 'connecting',
  })
  let closed = false
  let endFeed = openFeed()
  void load(null)

  function openFeed(): () => void {
    return api.subscribe(
      studiesFeed,
      {},
      {
        onData: ({ studies: event }) => store.set(applyStudyEvent(store.get(), event)),
        onState(feed) {
          const before = store.get().feed
          store.set({ feed })
          if (feed === 'live' && before === 'reconnecting') void load(null)
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
    void load(null)
  }

  async function load(after: string | null): Promise<void> {
    try {
      const { studies } = await api.query(studiesQuery, { first: pageSize, after })
      if (closed) return
      const page = studies.edges.map((edge) => edge.node)
      const known = new Set(page.map(({ id }) => id))
      const earlier = after === null ? [] : store.get().studies.filter(({ id }) => !known.has(id))
      store.set({
        phase: 'ready',
        studies: [...earlier, ...page],
        totalCount: studies.totalCount,
        next: studies.pageInfo.hasNextPage ? studies.pageInfo.endCursor : null,
        error: null,
      })
    } catch (error) {
      if (!closed) store.set({ phase: 'ready', error: asApiError(error) })
    }
  }

  return {
    get: store.get,
    subscribe: store.subscribe,
    retry: () => load(null),
    async loadMore() {
      const { next } = store.get()
      if (next !== null) await load(next)
    },
    close() {
      closed = true
      endFeed()
    },
  }
}

/** A study that is new comes first; one that is gone goes; any other is replaced where it stands. */
export function applyStudyEvent(
  { studies, totalCount }: Pick<StudiesState, 'studies' | 'totalCount'>,
  { kind, id, study }: StudiesFeed['studies'],
): Pick<StudiesState, 'studies' | 'totalCount'> {
  const known = studies.some((other) => other.id === id)
  if (!study) {
    return known
      ? { studies: studies.filter((other) => other.id !== id), totalCount: totalCount - 1 }
      : { studies, totalCount }
  }
  if (known) return { studies: studies.map((other) => (other.id === id ? study : other)), totalCount }
  // An old study of a page that is not loaded is no news.
  return kind === 'CREATED' ? { studies: [study, ...studies], totalCount: totalCount + 1 } : { studies, totalCount }
}
