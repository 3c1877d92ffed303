/** A page of what there is most of: a head with what starts another, a live table page by page, and what to do where there is none. */
import type { ReactElement, ReactNode } from 'react'
import { formatCount, formatCountOf } from '../core/format.ts'
import type { ListStore } from '../core/live-list.ts'
import { useStoreState } from './context.ts'
import { FeedBadge } from './feed-badge.tsx'
import { PlusIcon, SporeprintMark } from './icons.tsx'
import { ErrorNotice } from './parts.tsx'

export function ListHead(props: { title: string; start: string; testId: string; onStart: () => void }): ReactElement {
  return (
    <div className="page-head">
      <h1>{props.title}</h1>
      <button type="button" className="button is-primary" data-testid={props.testId} onClick={props.onStart}>
        <PlusIcon />
        {props.start}
      </button>
    </div>
  )
}

interface LiveListProps<Item> {
  store: ListStore<Item>
  /** In the singular and in the plural. */
  names: readonly [string, string]
  /** What narrows the list. */
  tools?: ReactNode
  table: (items: readonly Item[]) => ReactNode
  empty: ReactNode
}

export function LiveList<Item>({ store, names, tools, table, empty }: LiveListProps<Item>): ReactElement {
  const { phase, items, totalCount, next, error, feed } = useStoreState(store)
  const loading = phase === 'loading'
  const none = items.length === 0
  return (
    <>
      <div className={tools ? 'runs-toolbar' : 'runs-toolbar is-end'}>
        {tools}
        <div className="runs-state">
          {!loading && !(error && none) && <span className="muted">{formatCountOf(totalCount, ...names)}</span>}
          <FeedBadge state={feed} />
        </div>
      </div>
      {error && <ErrorNotice error={error} onRetry={store.retry} />}
      {(loading || !none) && (
        <div className="panel" aria-busy={loading}>
          {loading ? <LoadingRows of={names[1]} /> : table(items)}
          {next !== null && (
            <div className="more">
              <button type="button" className="button" onClick={() => void store.loadMore()}>
                Show more ({formatCount(totalCount - items.length)} left)
              </button>
            </div>
          )}
        </div>
      )}
      {!loading && none && !error && empty}
    </>
  )
}

/** What a list says of itself before it has anything. */
export function FirstOne(props: {
  title: string
  start: string
  onStart: () => void
  children: ReactNode
}): ReactElement {
  return (
    <div className="panel empty" data-testid="empty">
      <SporeprintMark size={72} />
      <h2>{props.title}</h2>
      <p>{props.children}</p>
      <button type="button" className="button is-primary" onClick={props.onStart}>
        {props.start}
      </button>
    </div>
  )
}

function LoadingRows({ of }: { of: string }): ReactElement {
  return (
    <div className="loading-rows">
      <span className="visually-hidden">Loading {of}</span>
      {[0, 1, 2, 3].map((row) => (
        <div key={row} className="skeleton" />
      ))}
    </div>
  )
}
