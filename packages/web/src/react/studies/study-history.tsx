/** The value of each complete trial in the order in which they ended, and the best up to then. */
import { type ReactElement, useMemo } from 'react'
import type { LineChartData, LineChartOptions } from '../../charts/line-chart.ts'
import type { StudyState } from '../../core/documents.types.ts'
import { formatObjective, metricLabels } from '../../core/study-names.ts'
import { ChartCard } from '../chart-card.tsx'

export function StudyHistory({ study }: { study: StudyState }): ReactElement | null {
  const { history, objectives, status } = study
  const metric = objectives[0]?.metric
  const options = useMemo<LineChartOptions | null>(
    () =>
      metric
        ? {
            label: `History: ${metricLabels[metric]}`,
            unit: 'complete trial',
            format: (value) => formatObjective(metric, value),
            height: 260,
            series: [
              { label: 'Trial', color: '--sp-series-4', scattered: true },
              { label: 'Best so far', color: '--sp-series-1' },
            ],
          }
        : null,
    [metric],
  )
  const data = useMemo<LineChartData>(
    () => ({
      x: history.map((_, i) => i + 1),
      columns: [history.map(({ value }) => value), history.map(({ best }) => best)],
    }),
    [history],
  )
  if (!options) return null
  const note = status === 'RUNNING' ? 'Starts with the first complete trial' : 'No trial was completed'
  return <ChartCard testId="history-chart" data={data} options={options} emptyNote={note} />
}
