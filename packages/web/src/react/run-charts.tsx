/** The three charts of a run. They share cursor and zoom: a step means the same in each. */
import { type ReactElement, useId, useMemo } from 'react'
import type { LineChartData, LineChartOptions } from '../charts/line-chart.ts'
import { formatNumber, formatPercent, formatRate } from '../core/format.ts'
import type { Curves } from '../core/run-store.ts'
import { alignCurves, type Curve, stepRange } from '../core/series.ts'
import { ChartCard } from './chart-card.tsx'

const loss: LineChartOptions = {
  label: 'Loss',
  format: formatNumber,
  height: 280,
  series: [
    { label: 'Each batch', color: '--sp-series-1', faint: true },
    { label: 'Training', color: '--sp-series-1' },
    { label: 'Validation', color: '--sp-series-2', points: true },
  ],
}

const metrics: LineChartOptions = {
  label: 'Validation metrics',
  format: formatPercent,
  height: 220,
  series: [
    { label: 'Accuracy', color: '--sp-series-1', points: true },
    { label: 'F1 weighted', color: '--sp-series-2', points: true },
    { label: 'F1 macro', color: '--sp-series-3', points: true },
    { label: 'F1 micro', color: '--sp-series-4', dashed: true },
  ],
}

const learningRate: LineChartOptions = {
  label: 'Learning rate',
  format: formatRate,
  height: 220,
  series: [{ label: 'Head', color: '--sp-series-4' }],
}

export function RunCharts({ curves, active }: { curves: Curves; active: boolean }): ReactElement | null {
  const syncKey = useId()
  const { loss: raw, smoothLoss, validLoss, accuracy, f1Weighted, f1Macro, f1Micro, learningRate: rate } = curves
  const [lossData, metricData, rateData] = useMemo(() => {
    const domain = stepRange([raw, validLoss])
    const chart = (shown: Curve[]): LineChartData => ({ ...alignCurves(shown), domain })
    return [chart([raw, smoothLoss, validLoss]), chart([accuracy, f1Weighted, f1Macro, f1Micro]), chart([rate])]
  }, [raw, smoothLoss, validLoss, accuracy, f1Weighted, f1Macro, f1Micro, rate])
  if (!active && lossData.x.length === 0) return null
  const later = 'Starts with the first step'
  const afterEpoch = active ? 'Starts after the first epoch' : 'No epoch was finished'
  return (
    <div className="charts">
      <ChartCard testId="loss-chart" data={lossData} options={{ ...loss, syncKey }} emptyNote={later} />
      <ChartCard testId="metrics-chart" data={metricData} options={{ ...metrics, syncKey }} emptyNote={afterEpoch} />
      <ChartCard testId="rate-chart" data={rateData} options={{ ...learningRate, syncKey }} emptyNote={later} />
    </div>
  )
}
