/** What the reader should know before the best trial is believed. */
import type { ReactElement } from 'react'
import type { StudyState, TrialCore } from '../../core/documents.types.ts'
import { formatParameter } from '../../core/parameters.ts'
import { WarningIcon } from '../icons.tsx'

export function StudyNotices({
  study,
  trials,
}: {
  study: StudyState
  trials: readonly TrialCore[]
}): ReactElement | null {
  // That a budget is spent is no reason to doubt anything: the summary says so.
  const stopped = study.status === 'STOPPED' && study.outcome !== null ? [study.outcome] : []
  const notices = [...stopped, ...withinNoise(study, trials), ...study.edges.map(describeEdge)]
  if (notices.length === 0) return null
  return (
    <ul className="notices" data-testid="notices">
      {notices.map((notice) => (
        <li key={notice}>
          <WarningIcon />
          {notice}
        </li>
      ))}
    </ul>
  )
}

function withinNoise({ bestInterval }: StudyState, trials: readonly TrialCore[]): string[] {
  if (!bestInterval) return []
  const { low, high } = bestInterval
  const complete = trials.filter(({ state }) => state === 'complete')
  const within = complete.filter(({ values }) => {
    const value = values?.[0]
    return value !== undefined && value >= low && value <= high
  })
  if (within.length < 2) return []
  return [
    `${within.length} of ${complete.length} complete trials lie within the interval of the best: their differences may be chance`,
  ]
}

function describeEdge({ parameter, side, hits, of, low, high }: StudyState['edges'][number]): string {
  const where = `${hits} of the ${of} best trials are at the ${side} end of ${parameter}`
  return low === null || high === null
    ? `${where}, which is as far as it goes`
    : `${where}: search it from ${formatParameter(low)} to ${formatParameter(high)} next`
}
