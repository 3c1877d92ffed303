/** Parts of the images on which it may do worse than the mean says. */
import type { ReactElement } from 'react'
import type { Evaluation } from '../../core/evaluation-store.ts'
import { formatCount, formatNumber, formatPercent } from '../../core/format.ts'

export function Slices({ evaluation }: { evaluation: Evaluation }): ReactElement | null {
  const { slices } = evaluation
  if (slices.length === 0) return null
  return (
    <div className="table-scroll evaluation-wide">
      <table aria-label="Slices">
        <caption>By folder, size and brightness of the images</caption>
        <thead>
          <tr>
            <th scope="col">By</th>
            <th scope="col">Part</th>
            <th scope="col" className="number">
              Images
            </th>
            <th scope="col" className="number">
              Accuracy
            </th>
            <th scope="col" className="number">
              Loss
            </th>
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
                {low !== null && high !== null && (
                  <span className="interval">
                    [{formatPercent(low)}, {formatPercent(high)}]
                  </span>
                )}
              </td>
              <td className="number">{formatNumber(loss, 3)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
