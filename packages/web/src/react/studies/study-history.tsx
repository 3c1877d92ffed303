/** The value of each complete trial in the order in which they ended, the best up to then, and the baseline to compare them with. */
import { type ReactElement, useMemo } from 'react'
import type { LineChartData, LineChartOptions } from '../../charts/line-chart.ts'
import { baselineValue } from '../../core/baseline.ts'
import type { StudyState } from '../../core/documents.types.ts'
import { formatObjective, metricLabels } from '../../core/study-names.ts'
import { ChartCard } from '../chart-card.tsx'

export function StudyHistory({ study }: { study: StudyState }): ReactElement | null {
  const { history, objectives, status } = study
  const metric = objectives[0]?.metric
  // Whether there is one is settled as the study starts, its value once it is complete.
  const hasBaseline = study.baseline !== null
  const baseline = baselineValue(study)
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
              ...(hasBaseline ? [{ label: 'Baseline', color: '--sp-series-2', dashed: true }] : []),
            ],
          }
        : null,
    [metric, hasBaseline],
  )
  const data = useMemo<LineChartData>(
    () => ({
      x: history.map((_, i) => i + 1),
      columns: [
        history.map(({ value }) => value),
        history.map(({ best }) => best),
        ...(hasBaseline ? [history.map(() => baseline ?? undefined)] : []),
      ],
    }),
    [history, hasBaseline, baseline],
  )
  if (!options) return null
  const note = status === 'RUNNING' ? 'Starts with the first complete trial' : 'No trial was completed'
  return <ChartCard testId="history-chart" data={data} options={options} emptyNote={note} />
}
