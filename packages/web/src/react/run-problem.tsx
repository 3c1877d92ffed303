import type { ReactElement } from 'react'
import { ApiError } from '../core/errors.ts'
import type { RunDetails } from '../core/run-store.ts'
import { ErrorNotice } from './parts.tsx'

/** Why a run failed or crashed, with what to do about it. */
export function RunProblem({ run }: { run: RunDetails }): ReactElement | null {
  const { error, status } = run
  if (!error || (status !== 'FAILED' && status !== 'CRASHED')) return null
  return <ErrorNotice error={new ApiError(error.code, error.message, cure(run))} />
}

function cure(run: RunDetails): string {
  const resumed =
    run.epochs.length > 0 ? 'it goes on from its last checkpoint' : 'it starts over, having no checkpoint yet'
  return run.status === 'CRASHED'
    ? `Resume the run: ${resumed}.`
    : `Once the cause is mended, resume the run: ${resumed}. If a setting is the cause, start a new run.`
}
