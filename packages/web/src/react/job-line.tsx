import { type ReactElement, useState } from 'react'
import { stopJobMutation } from '../core/documents.ts'
import type { JobState } from '../core/documents.types.ts'
import { type ApiError, asApiError } from '../core/errors.ts'
import { isUnderWay } from '../core/jobs.ts'
import { useConsole } from './context.ts'
import { StopIcon } from './icons.tsx'
import { ErrorNotice, ProgressBar } from './parts.tsx'

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
  if (isUnderWay(job)) return <Progress job={job} what={what} />
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

function Progress({ job, what }: { job: JobState; what: string }): ReactElement {
  const { api } = useConsole()
  const [error, setError] = useState<ApiError | null>(null)
  const { progress } = job
  const stop = (): Promise<void> =>
    api.mutate(stopJobMutation, { id: job.id }).then(
      () => setError(null),
      (cause) => setError(asApiError(cause)),
    )
  return (
    <div className="panel-body job-progress" data-testid="job-progress">
      <div>
        <p className="progress-line" aria-live="polite">
          {job.status === 'QUEUED' ? `The ${what} waits for a worker` : capitalised(progress?.stage ?? 'starting')}
        </p>
        <ProgressBar done={progress?.done ?? 0} total={progress?.total ?? 1} label={`Progress of the ${what}`} />
      </div>
      <button type="button" className="button" aria-label={`Stop the ${what}`} onClick={() => void stop()}>
        <StopIcon />
        Stop
      </button>
      {error && <ErrorNotice error={error} />}
    </div>
  )
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
