import type { ReactElement } from 'react'
import type { JobState } from '../core/documents.types.ts'
import { isUnderWay } from '../core/jobs.ts'
import { ProgressBar } from './parts.tsx'

/** How a job gets on, and why it came to nothing or to less than was asked; nothing once all is well. */
export function JobLine({ job, what }: { job: JobState | null; what: string }): ReactElement | null {
  if (!job) return null
  if (job.status === 'FAILED') {
    return (
      <p className="panel-body problem" role="alert">
        The {what} failed: {job.error?.message}
      </p>
    )
  }
  if (job.status === 'STOPPED') return <p className="panel-body muted">The {what} was stopped.</p>
  if (isUnderWay(job)) {
    const { progress } = job
    return (
      <div className="panel-body" data-testid="job-progress">
        <p className="progress-line" aria-live="polite">
          {job.status === 'QUEUED' ? `The ${what} waits for a worker` : capitalised(progress?.stage ?? 'starting')}
        </p>
        <ProgressBar done={progress?.done ?? 0} total={progress?.total ?? 1} label={`Progress of the ${what}`} />
      </div>
    )
  }
  if (job.skipped.length === 0) return null
  return (
    <ul className="panel-body problem" role="alert" data-testid="skipped">
      {job.skipped.map(({ path, reason }) => (
        <li key={path}>
          {path} could not be read: {reason}
        </li>
      ))}
    </ul>
  )
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
