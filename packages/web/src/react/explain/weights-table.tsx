/** The superpixels' weights as numbers, with their intervals: what the canvas shows, for whoever cannot see it. */
import type { CSSProperties, ReactElement } from 'react'
import type { ExplainedLabel } from '../../core/explanations-store.ts'
import { formatNumber } from '../../core/format.ts'
import { shownSegments } from '../../core/overlay.ts'
import { Heads } from '../table.tsx'
import type { Shown } from './explanation-viewer.tsx'

export function WeightsTable(props: {
  weights: NonNullable<ExplainedLabel['weights']>
  shown: Shown
  onHighlight: (segment: number | null) => void
}): ReactElement {
  const { weights, shown, onHighlight } = props
  const signs = shownSegments(weights, shown)
  const rows = weights.filter(({ segment }) => signs.has(segment))
  const greatest = Math.max(...weights.map(({ weight }) => Math.abs(weight)), Number.MIN_VALUE)
  // Three digits of the greatest: weights are as small as the probability that they share out.
  const digits = Math.min(8, Math.max(2, 2 - Math.floor(Math.log10(greatest))))
  const signed = (value: number): string => `${value < 0 ? '−' : '+'}${formatNumber(Math.abs(value), digits)}`
  const intervals = rows.some(({ low }) => low !== null)
  return (
    <div className="table-scroll weights">
      <table aria-label="Weights of the superpixels shown">
        <thead>
          <tr>
            <Heads of={['Superpixel']} />
            <Heads of={['Weight']} numbers />
            <td />
            {intervals && <Heads of={['95 % interval']} numbers />}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ segment, weight, low, high }) => (
            <tr
              key={segment}
              data-testid="weight-row"
              onPointerEnter={() => onHighlight(segment)}
              onPointerLeave={() => onHighlight(null)}
            >
              <th scope="row">{segment}</th>
              <td className="number">{signed(weight)}</td>
              <td>
                <span
                  className={weight > 0 ? 'weight-bar is-for' : 'weight-bar is-against'}
                  style={{ '--share': `${(100 * Math.abs(weight)) / greatest}%` } as CSSProperties}
                />
              </td>
              {intervals && (
                <td className="number muted">{low !== null && high !== null && `${signed(low)} to ${signed(high)}`}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p className="placeholder">No superpixel of this kind.</p>}
    </div>
  )
}
