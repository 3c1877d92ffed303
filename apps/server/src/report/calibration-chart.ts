import type { SplitEvaluation } from '@sporeprint/engine'
import { percent } from '../evaluate/tables.ts'
import { html, type Markup } from './markup.ts'

const side = 300
const plot = { left: 44, right: side - 10, top: 10, bottom: side - 40 }
const x = (share: number): number => plot.left + (plot.right - plot.left) * share
const y = (share: number): number => plot.bottom - (plot.bottom - plot.top) * share

/** How often predictions were right, over how sure they were; what lies below the diagonal was too sure of itself. */
export function calibrationChart({ bins }: SplitEvaluation['calibration']): Markup {
  const most = Math.max(...bins.map(({ count }) => count))
  return html`<svg class="calibration" viewBox="0 0 ${side} ${side}" role="img" aria-label="Accuracy by confidence">
${[0, 0.25, 0.5, 0.75, 1].map(
  (share) => html`<line class="grid" x1="${x(0)}" x2="${x(1)}" y1="${y(share)}" y2="${y(share)}"/>
<text class="tick" x="${plot.left - 8}" y="${y(share) + 4}" text-anchor="end">${share}</text>
<text class="tick" x="${x(share)}" y="${plot.bottom + 18}" text-anchor="middle">${share}</text>`,
)}
${bins
  .filter(({ count }) => count > 0)
  .map(({ low, high, count, accuracy, confidence }) => {
    // A bar as strong as its bin is full.
    const strength = 0.3 + 0.7 * Math.sqrt(count / most)
    return html`<rect class="bar" x="${x(low) + 1}" width="${x(high) - x(low) - 2}" y="${y(accuracy)}" height="${plot.bottom - y(accuracy)}" opacity="${strength.toFixed(2)}"><title>${count} images said ${percent(confidence)}, ${percent(accuracy)} of them right</title></rect>`
  })}
<line class="mark" x1="${x(0)}" y1="${y(0)}" x2="${x(1)}" y2="${y(1)}"/>
<text class="tick" x="${(plot.left + plot.right) / 2}" y="${side - 4}" text-anchor="middle">confidence</text>
<text class="tick" transform="translate(11 ${(plot.top + plot.bottom) / 2}) rotate(-90)" text-anchor="middle">right</text>
</svg>`
}
