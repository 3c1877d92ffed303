/** Single images with what was said of them. */
import type { ReactElement, ReactNode } from 'react'
import type { Sample } from '../../core/evaluation-store.ts'
import { formatNumber, formatPercent } from '../../core/format.ts'

interface SamplesProps {
  title: string
  samples: readonly Sample[]
  testId: string
  actions?: ReactNode
}

export function Samples({ title, samples, testId, actions }: SamplesProps): ReactElement | null {
  if (samples.length === 0) return null
  return (
    <section className="evaluation-wide samples" aria-label={title} data-testid={testId}>
      <div className="samples-head">
        <h3>{title}</h3>
        {actions}
      </div>
      <ul>
        {samples.map((sample) => (
          <li key={sample.path} title={sample.path}>
            {sample.thumbnail ? <img src={sample.thumbnail} alt={sample.path} /> : <div className="no-image" />}
            {sample.actual === sample.predicted ? (
              <strong>{sample.actual}</strong>
            ) : (
              <strong className="is-wrong">
                {sample.actual} → {sample.predicted}
              </strong>
            )}
            <span className="muted">
              {formatPercent(sample.confidence)} sure, loss {formatNumber(sample.loss, 2)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
