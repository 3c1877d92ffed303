/** The line above a chart: a key for each series with its value under the cursor, or its latest. Plain DOM, so that a moving mouse renders nothing else. */
import type { AlignedCurves } from '../core/series.ts'

interface LegendOptions {
  series: readonly { label: string; color: string; faint?: boolean; dashed?: boolean }[]
  format: (value: number | null) => string
  unit?: string
}

export function createLegend(
  element: HTMLElement,
  options: LegendOptions,
): { show(data: AlignedCurves, index: number | null): void } {
  const document = element.ownerDocument
  const legend = document.createElement('div')
  legend.className = 'chart-legend'
  const where = document.createElement('span')
  where.className = 'chart-legend-step'
  const values = options.series.map((series) => {
    const item = document.createElement('span')
    item.className = 'chart-legend-item'
    const key = document.createElement('span')
    key.className = series.faint ? 'chart-key is-faint' : series.dashed ? 'chart-key is-dashed' : 'chart-key'
    key.style.setProperty('--key', `var(${series.color})`)
    const value = document.createElement('span')
    value.className = 'chart-legend-value'
    item.append(key, series.label, value)
    legend.append(item)
    return value
  })
  legend.append(where)
  element.append(legend)

  return {
    show(data, index) {
      const at = index ?? data.x.length - 1
      where.textContent =
        data.x[at] === undefined ? '' : `${options.unit ?? 'step'} ${data.x[at].toLocaleString('en-US')}`
      options.series.forEach((_, i) => {
        const value = valueAt(data.columns[i] ?? [], at)
        const target = values[i]
        if (target)
          target.textContent = value === undefined ? '' : value === null ? 'not finite' : options.format(value)
      })
    },
  }
}

/** The point at an index, or the last one before it: curves do not share every step. */
function valueAt(column: AlignedCurves['columns'][number], index: number): number | null | undefined {
  for (let i = Math.min(index, column.length - 1); i >= 0; i--) {
    const value = column[i]
    if (value !== undefined) return value
  }
  return undefined
}
