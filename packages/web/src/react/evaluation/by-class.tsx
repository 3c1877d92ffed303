/** Precision, recall and F1 of each class. */
import type { ReactElement } from 'react'
import type { Evaluation } from '../../core/evaluation-store.ts'
import { formatCount, formatNumber } from '../../core/format.ts'
import { Heads, Score } from '../table.tsx'

export function ByClass({ evaluation }: { evaluation: Evaluation }): ReactElement {
  return (
    <div className="table-scroll">
      <table aria-label="By class">
        <thead>
          <tr>
            <Heads of={['Class', 'F1']} />
            <Heads of={['Precision', 'Recall', 'Images']} numbers />
          </tr>
        </thead>
        <tbody>
          {evaluation.byClass.map((row) => (
            <tr key={row.class} data-testid="class-row">
              <th scope="row">{row.class}</th>
              <td>
                <Score share={row.f1} text={formatNumber(row.f1, 3)} />
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
