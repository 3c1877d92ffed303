/** Images of this split that are nearly the same as one of another: a score that counts them flatters. */
import type { ReactElement } from 'react'
import type { Evaluation } from '../../core/evaluation-store.ts'
import { formatCount, formatNumber, formatPercent } from '../../core/format.ts'

export function NearDuplicates({ evaluation }: { evaluation: Evaluation }): ReactElement | null {
  const { nearDuplicates, withoutNearDuplicates: rest } = evaluation
  if (nearDuplicates.length === 0) return null
  return (
    <details className="evaluation-wide skipped" data-testid="near-duplicates">
      <summary>
        {nearDuplicates.length === 1 ? 'One pair' : `${formatCount(nearDuplicates.length)} pairs`} of nearly the same
        images in different splits
        {rest &&
          `; without them, of ${formatCount(rest.n)} images: accuracy ${formatPercent(rest.accuracy)}, F1 macro ${formatNumber(rest.f1Macro, 3)}`}
      </summary>
      <ul>
        {nearDuplicates.map(({ distance, first, second }) => (
          <li key={`${first.path} ${second.path}`}>
            {first.path} <span className="muted">({first.split})</span> and {second.path}{' '}
            <span className="muted">
              ({second.split}); {distance} of 64 bits differ
            </span>
          </li>
        ))}
      </ul>
    </details>
  )
}
