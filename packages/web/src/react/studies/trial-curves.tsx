/** Every trial's value epoch by epoch: where the pruned ones were left behind. The table of trials has the same in words. */
import { type ReactElement, useMemo } from 'react'
import type { StudyState, TrialCore } from '../../core/documents.types.ts'
import { formatObjective, metricLabels } from '../../core/study-names.ts'
import { Panel } from '../parts.tsx'
import { useWidth } from '../use-width.ts'

const height = 260
const margin = { left: 52, right: 12, top: 10, bottom: 26 }

export function TrialCurves({
  study,
  trials,
}: {
  study: StudyState
  trials: readonly TrialCore[]
}): ReactElement | null {
  const metric = study.objectives[0]?.metric
  const curves = useMemo(() => trials.filter(({ reports }) => reports.some(({ value }) => value !== null)), [trials])
  const [frame, width] = useWidth<HTMLDivElement>(600)
  const scales = useMemo(() => scalesOf(curves, width), [curves, width])
  if (!metric || study.objectives.length > 1) return null
  const best = study.best?.number
  return (
    <Panel title="Intermediate values" note="by epoch" testId="trial-curves">
      <div ref={frame} className="study-drawing">
        {scales === null ? (
          <p className="placeholder">
            {study.rungs.at(-1) === 1
              ? 'Every trial ends with its first epoch: the history has its value.'
              : 'Starts with the second epoch of a trial.'}
          </p>
        ) : (
          <svg
            className="study-svg"
            width={width}
            height={height}
            role="img"
            aria-label={`${metricLabels[metric]} of ${curves.length} trials by epoch`}
          >
            {scales.yTicks.map((value) => (
              <g key={value}>
                <line
                  className="grid"
                  x1={margin.left}
                  x2={width - margin.right}
                  y1={scales.y(value)}
                  y2={scales.y(value)}
                />
                <text
                  className="tick"
                  x={margin.left - 8}
                  y={scales.y(value)}
                  textAnchor="end"
                  dominantBaseline="middle"
                >
                  {formatObjective(metric, value)}
                </text>
              </g>
            ))}
            {scales.xTicks.map((epoch) => (
              <text key={epoch} className="tick" x={scales.x(epoch)} y={height - 8} textAnchor="middle">
                {epoch}
              </text>
            ))}
            {curves.map((trial) => (
              <Curve key={trial.id} trial={trial} scales={scales} best={trial.number === best} />
            ))}
          </svg>
        )}
      </div>
    </Panel>
  )
}

function Curve({ trial, scales, best }: { trial: TrialCore; scales: Scales; best: boolean }): ReactElement {
  const points = trial.reports.flatMap(({ epoch, value }) =>
    value === null ? [] : [`${scales.x(epoch).toFixed(1)},${scales.y(value).toFixed(1)}`],
  )
  const [end = '0,0'] = points.slice(-1)
  const [x = '0', y = '0'] = end.split(',')
  return (
    <g className="curve" data-state={trial.state} data-best={best || undefined}>
      <title>{`Trial ${trial.number}, ${trial.state}`}</title>
      <polyline points={points.join(' ')} />
      <circle cx={x} cy={y} r={best ? 3.5 : 2.2} />
    </g>
  )
}

interface Scales {
  x(epoch: number): number
  y(value: number): number
  xTicks: number[]
  yTicks: number[]
}

function scalesOf(trials: readonly TrialCore[], width: number): Scales | null {
  const reports = trials.flatMap((trial) => trial.reports)
  const values = reports.flatMap(({ value }) => (value === null ? [] : [value])).sort((a, b) => a - b)
  if (values.length === 0) return null
  // A trial that diverged would press all others flat: what lies beyond the middle nine tenths by far is cut off.
  const at = (share: number): number => values[Math.round(share * (values.length - 1))] ?? 0
  const spread = at(0.95) - at(0.05)
  const low = Math.max(at(0), at(0.05) - 2 * spread)
  const high = Math.min(at(1), at(0.95) + 2 * spread)
  const last = Math.max(...reports.map(({ epoch }) => epoch))
  // A column of dots says no more than the table of trials.
  if (last < 2) return null
  const span = high - low || 1
  const clamp = (value: number): number => Math.min(high, Math.max(low, value))
  const every = Math.ceil(last / 10)
  return {
    x: (epoch) => margin.left + ((epoch - 1) / (last - 1)) * (width - margin.left - margin.right),
    y: (value) => height - margin.bottom - ((clamp(value) - low) / span) * (height - margin.top - margin.bottom),
    xTicks: Array.from({ length: Math.floor((last - 1) / every) + 1 }, (_, i) => 1 + i * every),
    yTicks: [0, 0.25, 0.5, 0.75, 1].map((share) => low + share * span),
  }
}
