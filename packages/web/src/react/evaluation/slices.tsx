/** Parts of the images on which it may do worse than the mean says. */
import type { ReactElement } from 'react'
import type { Evaluation } from '../../core/evaluation-store.ts'
import { formatCount, formatNumber, formatPercent } from '../../core/format.ts'
import { Heads, Interval } from '../table.tsx'

export function Slices({ evaluation }: { evaluation: Evaluation }): ReactElement | null {
  const { slices } = evaluation
  if (slices.length === 0) return null
  return (
    <div className="table-scroll evaluation-wide">
      <table aria-label="Slices">
        <caption>By folder, size and brightness of the images</caption>
        <thead>
          <tr>
            <Heads of={['By', 'Part']} />
            <Heads of={['Images', 'Accuracy', 'Loss']} numbers />
          </tr>
        </thead>
        <tbody>
          {slices.map(({ by, key, n, loss, accuracy: { value, low, high } }) => (
            <tr key={`${by} ${key}`} data-testid="slice-row">
              <td className="muted">{by}</td>
              <td>{key}</td>
              <td className="number">{formatCount(n)}</td>
              <td className="number">
                {formatPercent(value)}
                <Interval low={low} high={high} format={formatPercent} />
              </td>
              <td className="number">{formatNumber(loss, 3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
