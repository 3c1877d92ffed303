/** Small parts that several views share. */
import type { MouseEvent, ReactElement, ReactNode } from 'react'
import type { RunStatus } from '../core/documents.types.ts'
import type { ApiError } from '../core/errors.ts'
import { statusLabels } from '../core/run-status.ts'
import { type View, viewToHash } from '../core/view.ts'
import { useConsole } from './context.ts'
import { WarningIcon } from './icons.tsx'

export function StatusPill({ status, testId }: { status: RunStatus; testId?: string }): ReactElement {
  return <Pill look={status} label={statusLabels[status]} testId={testId} />
}

/** A state in the look of a run's status. */
export function Pill(props: { look: RunStatus; label: string; testId?: string | undefined }): ReactElement {
  return (
    <span className="pill" data-status={props.look} data-testid={props.testId}>
      {props.label}
    </span>
  )
}

/** A real link, so that it can be opened in a new tab where the view is in the address; a plain click goes through the router. */
export function ViewLink(props: { to: View; className?: string; children: ReactNode; label?: string }): ReactElement {
  const { router } = useConsole()
  function onClick(event: MouseEvent): void {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return
    event.preventDefault()
    router.go(props.to)
  }
  return (
    <a href={viewToHash(props.to)} className={props.className} aria-label={props.label} onClick={onClick}>
      {props.children}
    </a>
  )
}

export function ProgressBar(props: { done: number; total: number; label: string; color?: string }): ReactElement {
  const share = props.total > 0 ? Math.min(1, props.done / props.total) : 0
  return (
    <div
      className="bar"
      role="progressbar"
      aria-label={props.label}
      aria-valuemin={0}
      aria-valuemax={props.total}
      aria-valuenow={Math.min(props.done, props.total)}
      style={props.color ? { ['--bar' as string]: `var(${props.color})` } : undefined}
    >
      <span style={{ width: `${share * 100}%` }} />
    </div>
  )
}

export function ErrorNotice(props: { error: ApiError; onRetry?: () => void; retryLabel?: string }): ReactElement {
  const { error, onRetry } = props
  return (
    <div className="notice" role="alert" data-testid="error">
      <WarningIcon />
      <div>
        <p className="notice-title">{error.message}</p>
        {error.cure && <p className="notice-cure">{error.cure}</p>}
        <code>{error.code}</code>
      </div>
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          {props.retryLabel ?? 'Try again'}
        </button>
      )}
    </div>
  )
}

export function Panel(props: {
  title: string
  note?: string
  actions?: ReactNode
  children: ReactNode
  testId?: string
}): ReactElement {
  return (
    <section className="panel" aria-label={props.title} data-testid={props.testId}>
      <div className="panel-head">
        <h2>
          {props.title}
          {props.note && <small> {props.note}</small>}
        </h2>
        {props.actions}
      </div>
      {props.children}
    </section>
  )
}
