import type { RunStatus } from './documents.types.ts'
import type { StatusFilter } from './view.ts'

/** What the reader reads for each status. */
export const statusLabels: Record<RunStatus, string> = {
  QUEUED: 'Queued',
  RUNNING: 'Running',
  SUCCEEDED: 'Succeeded',
  FAILED: 'Failed',
  STOPPED: 'Stopped',
  CRASHED: 'Crashed',
  PAUSED: 'Paused',
}

/** The statuses behind each filter; null asks for all. */
export const filterStatuses: Record<StatusFilter, RunStatus[] | null> = {
  all: null,
  active: ['QUEUED', 'RUNNING'],
  succeeded: ['SUCCEEDED'],
  stopped: ['STOPPED', 'PAUSED'],
  failed: ['FAILED', 'CRASHED'],
}

export function isActive(status: RunStatus): boolean {
  return status === 'QUEUED' || status === 'RUNNING'
}

export function matchesFilter(status: RunStatus, filter: StatusFilter): boolean {
  return filterStatuses[filter]?.includes(status) ?? true
}
