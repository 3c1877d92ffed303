/** A list of what the server has most of: pages of a query, the newest first, kept current by one subscription. */
import type { FeedHandlers, FeedState } from './api.ts'
import { type ApiError, asApiError } from './errors.ts'
import { createStore, type ReadableStore } from './store.ts'

export interface ListState<Item> {
  phase: 'loading' | 'ready'
  /** Newest first. */
  items: readonly Item[]
  totalCount: number
  /** Where the next page starts; null on the last. */
  next: string | null
  error: ApiError | null
  feed: FeedState
}

export interface ListStore<Item> extends ReadableStore<ListState<Item>> {
  loadMore(): Promise<void>
  retry(): Promise<void>
  /** Ends the subscription; the store is of no use afterwards. */
  close(): void
}

export interface Listed {
  id: string
  createdAt: string
}

/** Something happened to an item; null once it is deleted. */
export interface ListEvent<Item> {
  id: string
  item: Item | null
}

interface ListSource<Item> {
  page(first: number, after: string | null): Promise<Connection<Item>>
  follow(handlers: FeedHandlers<ListEvent<Item>>): () => void
  /** Whether the query would give it: the subscription tells of all there are. */
  belongs?(item: Item): boolean
}

interface Connection<Item> {
  totalCount: number
  pageInfo: { hasNextPage: boolean; endCursor: string | null }
  edges: readonly { node: Item }[]
}

const pageSize = 50

export function createListStore<Item extends Listed>(source: ListSource<Item>): ListStore<Item> {
  const { page, follow, belongs = () => true } = source
  const store = createStore<ListState<Item>>({
    phase: 'loading',
    items: [],
    totalCount: 0,
    next: null,
    error: null,
    feed: 'connecting',
  })
  let closed = false
  const endFeed = follow({
    onData: ({ id, item }) => store.set(applyEvent(store.get(), { id, item: item && belongs(item) ? item : null })),
    onState(feed) {
      const before = store.get().feed
      store.set({ feed })
      if (feed === 'live' && before === 'reconnecting') void load(null)
    },
    onError: (error) => store.set({ error }),
  })
  void load(null)

  async function load(after: string | null): Promise<void> {
    try {
      const { edges, totalCount, pageInfo } = await page(pageSize, after)
      if (closed) return
      const loaded = edges.map(({ node }) => node)
      const known = new Set(loaded.map(({ id }) => id))
      const earlier = after === null ? [] : store.get().items.filter(({ id }) => !known.has(id))
      const next = pageInfo.hasNextPage ? pageInfo.endCursor : null
      store.set({ phase: 'ready', items: [...earlier, ...loaded], totalCount, next, error: null })
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

type Shown<Item> = Pick<ListState<Item>, 'items' | 'totalCount' | 'next'>

/** What is new goes to its place by age, what is gone goes, and any other is replaced where it stands. */
export function applyEvent<Item extends Listed>(
  { items, totalCount, next }: Shown<Item>,
  { id, item }: ListEvent<Item>,
): Shown<Item> {
  const at = items.findIndex((other) => other.id === id)
  if (!item)
    return at < 0 ? { items, totalCount, next } : { items: items.toSpliced(at, 1), totalCount: totalCount - 1, next }
  if (at >= 0) return { items: items.with(at, item), totalCount, next }
  const older = items.findIndex((other) => Date.parse(other.createdAt) <= Date.parse(item.createdAt))
  // Older than all that is listed: it belongs to a page that is not loaded, and is counted there.
  if (older < 0 && next !== null) return { items, totalCount, next }
  return { items: items.toSpliced(older < 0 ? items.length : older, 0, item), totalCount: totalCount + 1, next }
}
