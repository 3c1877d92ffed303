/** Every trial as a line through its parameters to its value: the greener, the better. The table of trials has the same in words. */
import { type CSSProperties, type ReactElement, useMemo, useState } from 'react'
import type { StudyState, TrialCore } from '../../core/documents.types.ts'
import { formatParameter, formatValue, placeOf, type SpaceParameter, share } from '../../core/parameters.ts'
import { formatObjective, metricLabels } from '../../core/study-names.ts'
import { useConsole } from '../context.ts'
import { Panel } from '../parts.tsx'
import { useWidth } from '../use-width.ts'

/** Axes stand at least so far apart; where there is room for more, the drawing is as wide as its panel. */
const leastGap = 108
const height = 300
const margin = { side: 62, top: 42, bottom: 28 }
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
  const [frame, room] = useWidth<HTMLDivElement>(1000)
  const width = Math.max(room, 2 * margin.side + space.length * leastGap)
  const gap = (width - 2 * margin.side) / space.length
  const lowIsGood = objective?.direction === 'minimize'
  const lines = useMemo(() => linesOf(space, trials, gap, lowIsGood), [space, trials, gap, lowIsGood])
  if (!objective) return null
  const { metric } = objective
  const values = lines.map(({ value }) => value)
  return (
    <Panel
      title="Parallel coordinates"
      note={over ? describe(over, metric) : 'a line for each trial that has a value'}
      testId="parallel-coordinates"
    >
      <div ref={frame} className="table-scroll study-drawing">
        {lines.length === 0 && <p className="placeholder">Starts with the first value of a trial.</p>}
        {lines.length > 0 && (
          <svg
            className="study-svg"
            width={width}
            height={height}
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
              <Axis key={parameter.name} x={xOf(i, gap)} name={parameter.name} {...endsOf(parameter)} />
            ))}
            <Axis
              x={xOf(space.length, gap)}
              name={metricLabels[metric]}
              high={formatObjective(metric, Math.max(...values))}
              low={formatObjective(metric, Math.min(...values))}
            />
          </svg>
        )}
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

const xOf = (axis: number, gap: number): number => margin.side + axis * gap
const yOf = (place: number): number => margin.top + (1 - place) * span

function endsOf({ kind, low, high, choices }: SpaceParameter): { low: string; high: string } {
  if (kind === 'categorical') {
    const all = (choices ?? []).map(formatValue)
    return { low: all[0] ?? '', high: all.at(-1) ?? '' }
  }
  return { low: formatParameter(low ?? 0), high: formatParameter(high ?? 0) }
}

/** Complete trials by their value, pruned and paused ones by their last report. */
function linesOf(
  space: readonly SpaceParameter[],
  trials: readonly TrialCore[],
  gap: number,
  lowIsGood: boolean,
): Line[] {
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
        return place === null ? [] : [[xOf(i, gap), yOf(place)] as const]
      })
      const rank = sorted.indexOf(value) / Math.max(1, sorted.length - 1)
      points.push([xOf(space.length, gap), yOf(share(value, low, high, false))])
      return { trial, value, points, rank: lowIsGood ? 1 - rank : rank }
    })
    .sort((a, b) => a.rank - b.rank)
}

function describe({ trial, value }: Line, metric: StudyState['objectives'][number]['metric']): string {
  const parameters = trial.parameters.map((parameter) => `${parameter.name} ${formatValue(parameter)}`)
  return `trial ${trial.number}, ${trial.state}: ${formatObjective(metric, value)} with ${parameters.join(', ')}`
}
