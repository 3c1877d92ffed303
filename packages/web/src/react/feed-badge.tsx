import type { ReactElement } from 'react'
import type { FeedState } from '../core/api.ts'

const labels: Record<FeedState, string> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  closed: 'Not live',
}

/** Whether what is on view follows the server. */
export function FeedBadge({ state }: { state: FeedState }): ReactElement {
  return (
    <span className="feed" role="status" data-state={state} data-testid="feed">
      {labels[state]}
    </span>
  )
}
