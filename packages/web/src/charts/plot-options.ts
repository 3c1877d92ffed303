/** The look of a line chart, as options of uPlot: what it draws from the console's theme, and whom it tells what happens. */
import type uPlot from 'uplot'

interface LineSeries {
  label: string
  /** CSS custom property that holds the colour, such as `--sp-series-1`. */
  color: string
  /** Faint lines carry raw values beneath a smoothed one; the spoken summary leaves them out. */
  faint?: boolean
  dashed?: boolean
  /** Few, far apart values: drawn as a line with a dot at each. */
  points?: boolean
  /** Values that have nothing to do with their neighbours: dots without a line. */
  scattered?: boolean
}

export interface LineChartOptions {
  /** What the chart shows, for the accessible name. */
  label: string
  series: LineSeries[]
  format: (value: number | null) => string
  height?: number
  /** What x counts; default step. */
  unit?: string
  /** Charts with the same key share cursor and zoom. */
  syncKey?: string
  onZoom?: (zoomed: boolean) => void
}

interface PlotHooks {
  color(property: string): string
  onCursor(index: number | null): void
  onScale(min: number, max: number): void
  onDoubleClick(): void
}

export function plotOptions(element: HTMLElement, options: LineChartOptions, hooks: PlotHooks): uPlot.Options {
  const { color, onCursor, onScale, onDoubleClick } = hooks
  const axis: uPlot.Axis = {
    stroke: () => color('--sp-muted'),
    font: `11px ${getComputedStyle(element).fontFamily}`,
    grid: { stroke: () => color('--sp-line'), width: 1 },
    ticks: { show: false },
  }
  const { syncKey } = options
  return {
    width: element.clientWidth || 600,
    height: options.height ?? 240,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: true, y: false },
      points: { size: 7 },
      bind: {
        dblclick: () => () => {
          onDoubleClick()
          return null
        },
      },
      ...(syncKey === undefined ? {} : { sync: { key: syncKey, setSeries: false } }),
    },
    scales: {
      x: { time: false, range: (_, min, max) => [min ?? 0, max ?? 1] },
      y: {},
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        gap: 6,
        values: (self, splits) => (self.data[0].length === 0 ? [] : splits.map(formatStep)),
      },
      { ...axis, size: 52, gap: 6, values: (_, splits) => tickLabels(splits, options.format) },
    ],
    series: [{}, ...options.series.map((series) => seriesOptions(series, color))],
    hooks: {
      setCursor: [(self) => onCursor(self.cursor.idx ?? null)],
      setScale: [
        (self, key) => {
          const { min, max } = self.scales.x ?? {}
          if (key === 'x' && min != null && max != null) onScale(min, max)
        },
      ],
    },
  }
}

function seriesOptions(series: LineSeries, color: (property: string) => string): uPlot.Series {
  return {
    label: series.label,
    stroke: () => color(series.color),
    width: series.faint ? 1 : 2,
    alpha: series.faint ? 0.28 : 1,
    ...(series.dashed ? { dash: [6, 4] } : {}),
    ...(series.scattered ? { paths: () => null } : {}),
    points:
      series.points || series.scattered
        ? { show: true, size: 6, width: 2, fill: () => color('--sp-surface'), stroke: () => color(series.color) }
        : { show: false },
  }
}

function formatStep(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en-US') : ''
}

/** As values are written elsewhere, unless neighbours would look the same: then with as many digits as they need. */
export function tickLabels(values: readonly number[], format: (value: number) => string): string[] {
  const labels = values.map((value) => trimZeros(format(value)))
  const distinct = new Set(labels).size === labels.length
  return distinct ? labels : values.map((value) => String(Number(value.toPrecision(3))))
}

/** 0.4000 → 0.4 on axes; legends and tables keep their aligned decimals. */
function trimZeros(text: string): string {
  return text.replace(/(\.\d*?)0+(%?)$/, '$1$2').replace(/\.(%?)$/, '$1')
}
