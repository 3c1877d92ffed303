/** Every trial as a line through its parameters to its value: the greener, the better. The table of trials has the same in words. */
import { type CSSProperties, type ReactElement, useMemo, useState } from 'react'
import type { StudyState, TrialCore } from '../../core/documents.types.ts'
import { formatParameter, formatValue, placeOf, type SpaceParameter, share } from '../../core/parameters.ts'
import { formatObjective, metricLabels } from '../../core/study-names.ts'
import { useConsole } from '../context.ts'
import { Panel } from '../parts.tsx'

const axisGap = 128
const height = 300
const margin = { side: 64, top: 42, bottom: 28 }
const span = height - margin.top - margin.bottom

interface Line {
  trial: TrialCore
  value: number
  points: readonly (readonly [number, number])[]
  /** 0 for the worst, 1 for the best. */
  rank: number
}

export function ParallelCoordinates({
  study,
  trials,
}: {
  study: StudyState
  trials: readonly TrialCore[]
}): ReactElement | null {
  const { router } = useConsole()
  const [over, setOver] = useState<Line | null>(null)
  const objective = study.objectives[0]
  const space = study.space
  const lines = useMemo(() => linesOf(space, trials, objective?.direction === 'minimize'), [space, trials, objective])
  if (!objective || lines.length === 0) return null
  const { metric } = objective
  const width = 2 * margin.side + space.length * axisGap
  const values = lines.map(({ value }) => value)
  return (
    <Panel
      title="Parallel coordinates"
      note={over ? describe(over, metric) : 'a line for each trial that has a value'}
      testId="parallel-coordinates"
    >
      <div className="table-scroll">
        <svg
          className="study-svg is-wide"
          viewBox={`0 0 ${width} ${height}`}
          style={{ minWidth: Math.min(width, 110 * space.length + 130) }}
          role="img"
          aria-label={`Parameters of ${lines.length} trials and their ${metricLabels[metric]}`}
        >
          {lines.map((line) => (
            // biome-ignore lint/a11y/noStaticElementInteractions: a short cut; the table of trials has the links.
            <polyline
              key={line.trial.id}
              className="trial-line"
              data-state={line.trial.state}
              data-over={line === over || undefined}
              style={{ '--rank': `${Math.round(line.rank * 100)}%` } as CSSProperties}
              points={line.points.map((point) => point.join(',')).join(' ')}
              onPointerEnter={() => setOver(line)}
              onPointerLeave={() => setOver(null)}
              onClick={() => {
                const run = line.trial.runs[0]
                if (run) router.go({ name: 'run', id: run.id })
              }}
            />
          ))}
          {space.map((parameter, i) => (
            <Axis key={parameter.name} x={xOf(i)} name={parameter.name} {...endsOf(parameter)} />
          ))}
          <Axis
            x={xOf(space.length)}
            name={metricLabels[metric]}
            high={formatObjective(metric, Math.max(...values))}
            low={formatObjective(metric, Math.min(...values))}
          />
        </svg>
      </div>
    </Panel>
  )
}

function Axis({ x, name, low, high }: { x: number; name: string; low: string; high: string }): ReactElement {
  return (
    <g>
      <line className="axis" x1={x} x2={x} y1={margin.top} y2={margin.top + span} />
      <text className="axis-name" x={x} y={14} textAnchor="middle">
        {name}
      </text>
      <text className="tick" x={x} y={margin.top - 8} textAnchor="middle">
        {high}
      </text>
      <text className="tick" x={x} y={height - 10} textAnchor="middle">
        {low}
      </text>
    </g>
  )
}

const xOf = (axis: number): number => margin.side + axis * axisGap
const yOf = (place: number): number => margin.top + (1 - place) * span

function endsOf({ kind, low, high, choices }: SpaceParameter): { low: string; high: string } {
  if (kind === 'categorical') {
    const all = (choices ?? []).map(formatValue)
    return { low: all[0] ?? '', high: all.at(-1) ?? '' }
  }
  return { low: formatParameter(low ?? 0), high: formatParameter(high ?? 0) }
}

/** Complete trials by their value, pruned and paused ones by their last report. */
function linesOf(space: readonly SpaceParameter[], trials: readonly TrialCore[], lowIsGood: boolean): Line[] {
  const valued = trials.flatMap((trial) => {
    const value = trial.values?.[0] ?? trial.reports.at(-1)?.value
    return typeof value === 'number' ? [{ trial, value }] : []
  })
  const values = valued.map(({ value }) => value)
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const sorted = values.toSorted((a, b) => a - b)
  return valued
    .map(({ trial, value }): Line => {
      const points = space.flatMap((parameter, i) => {
        const place = placeOf(parameter, trial)
        return place === null ? [] : [[xOf(i), yOf(place)] as const]
      })
      const rank = sorted.indexOf(value) / Math.max(1, sorted.length - 1)
      points.push([xOf(space.length), yOf(share(value, low, high, false))])
      return { trial, value, points, rank: lowIsGood ? 1 - rank : rank }
    })
    .sort((a, b) => a.rank - b.rank)
}

function describe({ trial, value }: Line, metric: StudyState['objectives'][number]['metric']): string {
  const parameters = trial.parameters.map((parameter) => `${parameter.name} ${formatValue(parameter)}`)
  return `trial ${trial.number}, ${trial.state}: ${formatObjective(metric, value)} with ${parameters.join(', ')}`
}
