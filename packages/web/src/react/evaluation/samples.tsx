/** Single images with what was said of them. */
import type { ReactElement } from 'react'
import type { Sample } from '../../core/evaluation-store.ts'
import { formatNumber, formatPercent } from '../../core/format.ts'

interface SamplesProps {
  title: string
  samples: readonly Sample[]
  testId: string
}

export function Samples({ title, samples, testId }: SamplesProps): ReactElement | null {
  if (samples.length === 0) return null
  return (
    <section className="evaluation-wide samples" aria-label={title} data-testid={testId}>
      <h3>{title}</h3>
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
