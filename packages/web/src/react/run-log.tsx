import { type ReactElement, useLayoutEffect, useRef } from 'react'
import { formatTime } from '../core/format.ts'
import type { LogLine } from '../core/run-store.ts'
import { Panel } from './parts.tsx'

/** The tail of the log. It follows new lines for as long as the reader stays at its end. */
export function RunLog({ lines }: { lines: readonly LogLine[] }): ReactElement {
  const list = useRef<HTMLOListElement>(null)
  const atEnd = useRef(true)

  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are the reason to scroll.
  useLayoutEffect(() => {
    if (list.current && atEnd.current) list.current.scrollTop = list.current.scrollHeight
  }, [lines])

  function onScroll(): void {
    const element = list.current
    if (element) atEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 24
  }

  return (
    <Panel title="Log">
      {lines.length === 0 ? (
        <p className="placeholder">No lines so far.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
        <ol className="log" ref={list} onScroll={onScroll} tabIndex={0} aria-label="Log lines" data-testid="log">
          {lines.map(({ cursor, node }) => (
            <li key={cursor} data-level={node.level}>
              <time dateTime={node.at}>{formatTime(node.at)}</time>
              <span>{node.message}</span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  )
}
