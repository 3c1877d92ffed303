/** A chart in a panel, with its data as a table one click away: a canvas alone says nothing to a screen reader. */
import { type ReactElement, useEffect, useRef, useState } from 'react'
import { type LineChart, type LineChartData, type LineChartOptions, mountLineChart } from '../charts/line-chart.ts'
import { formatCount } from '../core/format.ts'
import { useConsole } from './context.ts'
import { ChartIcon, TableIcon } from './icons.tsx'
import { Panel } from './parts.tsx'
import { Heads } from './table.tsx'

interface ChartCardProps {
  data: LineChartData
  /** Fixed while the card is mounted. */
  options: LineChartOptions
  emptyNote: string
  testId: string
}

export function ChartCard({ data, options, emptyNote, testId }: ChartCardProps): ReactElement {
  const [asTable, setAsTable] = useState(false)
  const [zoomed, setZoomed] = useState(false)
  const chart = useRef<LineChart | null>(null)
  const actions = (
    <div className="actions">
      {zoomed && !asTable && (
        <button type="button" className="button is-quiet" onClick={() => chart.current?.resetZoom()}>
          Reset zoom
        </button>
      )}
      <button type="button" className="button is-quiet" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
        {asTable ? <ChartIcon /> : <TableIcon />}
        {asTable ? 'Chart' : 'Table'}
        <span className="visually-hidden"> of {options.label}</span>
      </button>
    </div>
  )
  return (
    <Panel title={options.label} note={`by ${options.unit ?? 'step'}`} actions={actions}>
      <div className="chart" data-testid={testId} data-points={data.x.length}>
        {asTable ? (
          <ChartTable data={data} options={options} />
        ) : (
          <ChartCanvas data={data} options={options} chart={chart} onZoom={setZoomed} />
        )}
        {!asTable && data.x.length === 0 && <p className="chart-note">{emptyNote}</p>}
      </div>
    </Panel>
  )
}

function ChartCanvas(props: {
  data: LineChartData
  options: LineChartOptions
  chart: { current: LineChart | null }
  onZoom: (zoomed: boolean) => void
}): ReactElement {
  const { data, options, chart, onZoom } = props
  const { colorKey } = useConsole()
  const element = useRef<HTMLDivElement>(null)
  const initial = useRef({ data, options, onZoom })

  useEffect(() => {
    if (!element.current) return
    const { data, options, onZoom } = initial.current
    const mounted = mountLineChart(element.current, data, { ...options, onZoom })
    chart.current = mounted
    return () => {
      mounted.destroy()
      chart.current = null
      onZoom(false)
    }
  }, [chart])

  useEffect(() => chart.current?.update(data), [chart, data])

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says when the colours have changed.
  useEffect(() => chart.current?.refreshColors(), [chart, colorKey])

  return <div ref={element} />
}

function ChartTable({ data, options }: { data: LineChartData; options: LineChartOptions }): ReactElement {
  return (
    <div className="table-scroll chart-table">
      <table aria-label={options.label}>
        <thead>
          <tr>
            <th scope="col" className="unit">
              {options.unit ?? 'step'}
            </th>
            <Heads of={options.series.map(({ label }) => label)} numbers />
          </tr>
        </thead>
        <tbody>
          {data.x.map((step, i) => (
            <tr key={step}>
              <th scope="row">{formatCount(step)}</th>
              {options.series.map((series, column) => {
                const value = data.columns[column]?.[i]
                return (
                  <td key={series.label} className="number">
                    {value === undefined ? '' : value === null ? 'not finite' : options.format(value)}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
