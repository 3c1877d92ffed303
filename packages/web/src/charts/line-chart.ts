/**
 * A line chart over training steps: `mountLineChart(element, data, options)` → `{ update, setTheme, destroy }`.
 * uPlot draws; this file gives it the console's look, keeps the reader's zoom while points arrive, follows the width of its
 * element, and answers to the keyboard (arrows move the cursor, + and − zoom, 0 or Escape shows everything).
 */
import uPlot from 'uplot'
import type { AlignedCurves } from '../core/series.ts'
import { createColorReader } from './colors.ts'
import { createLegend } from './legend.ts'
import { type LineChartOptions, plotOptions } from './plot-options.ts'

export type { LineChartOptions } from './plot-options.ts'

export interface LineChartData extends AlignedCurves {
  /** Steps to show while nothing is zoomed, so that charts side by side line up; those of `x` by default. */
  domain?: readonly [number, number] | null
}

export interface LineChart {
  update(data: LineChartData): void
  /** Draws again in the colours of the theme now in force. */
  refreshColors(): void
  resetZoom(): void
  destroy(): void
}

export function mountLineChart(element: HTMLElement, data: LineChartData, options: LineChartOptions): LineChart {
  const colors = createColorReader(element)
  const legend = createLegend(element, options)
  const plotElement = element.ownerDocument.createElement('div')
  plotElement.className = 'chart-plot'
  plotElement.tabIndex = 0
  plotElement.setAttribute('role', 'img')
  element.append(plotElement)

  let current = data
  let zoomed = false
  const setZoomed = (next: boolean): void => {
    if (next === zoomed) return
    zoomed = next
    options.onZoom?.(zoomed)
  }

  const plot = new uPlot(
    plotOptions(plotElement, options, { color: colors.read, onCursor, onScale, onDoubleClick: resetZoom }),
    toUplot(data),
    plotElement,
  )

  function onCursor(index: number | null): void {
    legend.show(current, index)
  }
  function onScale(min: number, max: number): void {
    const full = fullRange(current)
    setZoomed(full !== null && (min > full[0] || max < full[1]))
  }

  const resize = new ResizeObserver(() => {
    const width = plotElement.clientWidth
    if (width > 0 && width !== plot.width) plot.setSize({ width, height: plot.height })
  })
  resize.observe(plotElement)

  function zoomTo(min: number, max: number): void {
    const together = options.syncKey === undefined ? [plot] : uPlot.sync(options.syncKey).plots
    for (const each of together) each.setScale('x', { min, max })
  }
  /** This chart alone: those beside it follow their own data. */
  function showAll(): void {
    const full = fullRange(current)
    if (full) plot.setScale('x', { min: full[0], max: full[1] })
  }
  function resetZoom(): void {
    const full = fullRange(current)
    if (full) zoomTo(full[0], full[1])
  }

  function onKey(event: KeyboardEvent): void {
    const { min, max } = plot.scales.x ?? {}
    if (min == null || max == null) return
    const index = plot.cursor.idx
    const quarter = (max - min) / 4
    if (event.key === 'ArrowLeft') moveCursor((index ?? current.x.length) - 1)
    else if (event.key === 'ArrowRight') moveCursor((index ?? -1) + 1)
    else if (event.key === '+' || event.key === '=') zoomTo(min + quarter, max - quarter)
    else if (event.key === '-') widen(min - quarter * 2, max + quarter * 2)
    else if (event.key === '0' || event.key === 'Escape') resetZoom()
    else return
    event.preventDefault()
  }
  function widen(min: number, max: number): void {
    const full = fullRange(current)
    if (full) zoomTo(Math.max(full[0], min), Math.min(full[1], max))
  }
  function moveCursor(index: number): void {
    const x = current.x[Math.min(Math.max(index, 0), current.x.length - 1)]
    if (x !== undefined) plot.setCursor({ left: plot.valToPos(x, 'x'), top: plot.over.clientHeight / 2 })
  }
  plotElement.addEventListener('keydown', onKey)

  function describe(): void {
    const latest = options.series.flatMap((series, i) => {
      const value = current.columns[i]?.findLast((v) => v !== undefined)
      return series.faint || value == null ? [] : [`${series.label} ${options.format(value)}`]
    })
    const at = current.x.at(-1)
    plotElement.setAttribute(
      'aria-label',
      at === undefined
        ? `${options.label}: no points yet`
        : `${options.label} up to ${options.unit ?? 'step'} ${at}: ${latest.join(', ')}`,
    )
    legend.show(current, plot.cursor.idx ?? null)
  }
  showAll()
  describe()

  return {
    update(next) {
      const keep = zoomed
      current = next
      plot.setData(toUplot(next), false)
      if (keep) plot.redraw()
      else showAll()
      describe()
    },
    refreshColors: () => plot.redraw(false),
    resetZoom,
    destroy() {
      resize.disconnect()
      plotElement.removeEventListener('keydown', onKey)
      plot.destroy()
      colors.destroy()
      element.replaceChildren()
    },
  }
}

/** What is shown while nothing is zoomed; a single step is given some room. */
function fullRange(data: LineChartData): readonly [number, number] | null {
  const first = data.domain?.[0] ?? data.x[0]
  const last = data.domain?.[1] ?? data.x.at(-1)
  if (first === undefined || last === undefined) return null
  return first === last ? [first - 1, last + 1] : [first, last]
}

function toUplot(data: AlignedCurves): uPlot.AlignedData {
  return [data.x, ...data.columns]
}
