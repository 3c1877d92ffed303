import { ticks, tickText } from './axis.ts'
import { html, type Markup } from './markup.ts'

export interface Series {
  name: string
  /** One value an epoch; null where there is none. */
  values: readonly (number | null)[]
}

export interface LineChart {
  title: string
  series: readonly Series[]
  /** An epoch that is marked, and what it is. */
  mark: { epoch: number; name: string }
  /** The first epoch of the second phase, if there are two. */
  phase: number | null
}

const width = 320
const height = 200
const plot = { left: 44, right: width - 10, top: 10, bottom: height - 26 }

/** Curves over epochs, drawn to be read without colours too: the second line is dashed, the third dotted. */
export function lineChart({ title, series, mark, phase }: LineChart): Markup {
  const all = series.flatMap(({ values }) => values.filter((value) => value !== null))
  const epochs = Math.max(...series.map(({ values }) => values.length))
  const [low, high] = all.length === 0 ? [0, 1] : padded(Math.min(...all), Math.max(...all))
  const x = (epoch: number): number =>
    epochs < 2 ? (plot.left + plot.right) / 2 : plot.left + ((plot.right - plot.left) * epoch) / (epochs - 1)
  const y = (value: number): number => plot.bottom - ((plot.bottom - plot.top) * (value - low)) / (high - low)
  return html`<figure class="chart">
<figcaption>${title}</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}, by epoch">
${ticks(low, high, 5).map(
  (value) => html`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${at(y(value))}" y2="${at(y(value))}"/>
<text class="tick" x="${plot.left - 8}" y="${at(y(value) + 4)}" text-anchor="end">${tickText(value)}</text>
`,
)}${ticks(0, epochs - 1, 6)
  .filter(Number.isInteger)
  .map(
    (epoch) =>
      html`<text class="tick" x="${at(x(epoch))}" y="${plot.bottom + 20}" text-anchor="middle">${epoch}</text>`,
  )}
${phase === null ? null : vertical(x(phase - 0.5), 'phase')}${vertical(x(mark.epoch), 'mark')}
${series.map(({ values }, s) => curve(values, s + 1, x, y))}
</svg>
<p class="legend">${series.map(({ name }, s) => html`<span class="key tone${s + 1}">${name}</span>`)}<span class="key mark">${mark.name}</span>${phase === null ? null : html`<span class="key phase">unfrozen from ${phase}</span>`}</p>
</figure>`
}

function vertical(x: number, kind: string): Markup {
  return html`<line class="${kind}" x1="${at(x)}" x2="${at(x)}" y1="${plot.top}" y2="${plot.bottom}"/>`
}

function curve(
  values: readonly (number | null)[],
  tone: number,
  x: (epoch: number) => number,
  y: (value: number) => number,
): Markup {
  const points = values.map((value, epoch) => (value === null ? null : `${at(x(epoch))} ${at(y(value))}`))
  // Lifted where a value is missing.
  const path = points.map((point, i) => (point === null ? '' : `${points[i - 1] ? 'L' : 'M'}${point}`)).join('')
  const dots = values.length > 40 ? [] : points.filter((point) => point !== null).map((point) => point.split(' '))
  return html`<path class="line tone${tone}" d="${path}"/>${dots.map(
    ([cx = '', cy = '']) => html`<circle class="dot tone${tone}" cx="${cx}" cy="${cy}" r="2.4"/>`,
  )}`
}

/** A range with room above and below, and never empty. */
function padded(low: number, high: number): [number, number] {
  const room = 0.06 * (high - low) || 0.1 * Math.abs(high) || 1
  return [low - room, high + room]
}

const at = (pixels: number): string => String(Math.round(100 * pixels) / 100)
