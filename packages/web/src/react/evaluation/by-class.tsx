/** Precision, recall and F1 of each class. */
import type { ReactElement } from 'react'
import type { Evaluation } from '../../core/evaluation-store.ts'
import { formatCount, formatNumber } from '../../core/format.ts'

export function ByClass({ evaluation }: { evaluation: Evaluation }): ReactElement {
  return (
    <div className="table-scroll">
      <table aria-label="By class">
        <thead>
          <tr>
            <th scope="col">Class</th>
            <th scope="col">F1</th>
            <th scope="col" className="number">
              Precision
            </th>
            <th scope="col" className="number">
              Recall
            </th>
            <th scope="col" className="number">
              Images
            </th>
          </tr>
        </thead>
        <tbody>
          {evaluation.byClass.map((row) => (
            <tr key={row.class} data-testid="class-row">
              <th scope="row">{row.class}</th>
              <td>
                <span className="score">
                  <span className="bar" aria-hidden="true">
                    <span style={{ width: `${row.f1 * 100}%` }} />
                  </span>
                  {formatNumber(row.f1, 3)}
                </span>
              </td>
              <td className="number">{formatNumber(row.precision, 3)}</td>
              <td className="number">{formatNumber(row.recall, 3)}</td>
              <td className="number">{formatCount(row.count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
