/** Reliability diagram: how often it is right, by how sure it says it is. Bars on the diagonal are calibrated. */
import type { ReactElement } from 'react'
import type { Evaluation } from '../../core/evaluation-store.ts'
import { formatCount, formatNumber, formatPercent } from '../../core/format.ts'

/** Units of the drawing; it grows with its box. */
const side = 200
const margin = 28

export function Reliability(props: {
  evaluation: Evaluation
  /** What made it as sure as it is, in words; null where nothing did. */
  calibratedBy: string | null
}): ReactElement | null {
  const { evaluation, calibratedBy } = props
  const { calibration } = evaluation
  if (!calibration) return null
  const { bins, ece, temperature } = calibration
  const x = (share: number): number => margin + share * side
  const y = (share: number): number => 8 + (1 - share) * side
  return (
    <figure className="reliability" data-testid="reliability">
      <figcaption>
        Calibration: off by {formatPercent(ece)} in the mean
        {calibratedBy !== null && ` after ${calibratedBy}`}
        {temperature != null &&
          `; ${calibratedBy === null ? '' : 'a further '}temperature ${formatNumber(temperature, 2)} would mend it`}
      </figcaption>
      <svg
        viewBox={`0 0 ${side + margin + 18} ${side + margin + 8}`}
        role="img"
        aria-label="How often it is right, by how sure it says it is"
      >
        {[0, 0.5, 1].map((share) => (
          <g key={share}>
            <line className="grid" x1={x(0)} x2={x(1)} y1={y(share)} y2={y(share)} />
            <text x={x(share)} y={y(0) + 16} textAnchor="middle">
              {100 * share}%
            </text>
            <text x={x(0) - 4} y={y(share) + 4} textAnchor="end">
              {100 * share}
            </text>
          </g>
        ))}
        {bins.map(({ low, high, count, accuracy, confidence }) =>
          accuracy === null || confidence === null ? null : (
            <rect
              key={low}
              x={x(low) + 0.5}
              width={(high - low) * side - 1}
              y={y(accuracy)}
              height={Math.max(1, accuracy * side)}
            >
              <title>{`${formatCount(count)} images, ${formatPercent(confidence)} sure, ${formatPercent(accuracy)} right`}</title>
            </rect>
          ),
        )}
        <line className="diagonal" x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} />
      </svg>
    </figure>
  )
}
