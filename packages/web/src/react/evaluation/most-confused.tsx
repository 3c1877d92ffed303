/** The most frequent mistakes. */
import type { ReactElement } from 'react'
import type { Evaluation } from '../../core/evaluation-store.ts'
import { formatCount } from '../../core/format.ts'
import { Heads } from '../table.tsx'

export function MostConfused({ evaluation }: { evaluation: Evaluation }): ReactElement | null {
  const { mostConfused } = evaluation
  if (mostConfused.length === 0) return null
  return (
    <div className="table-scroll">
      <table aria-label="Most confused">
        <caption>Most confused</caption>
        <thead>
          <tr>
            <Heads of={['Actual', 'Predicted']} />
            <Heads of={['Images']} numbers />
          </tr>
        </thead>
        <tbody>
          {mostConfused.slice(0, 10).map(({ actual, predicted, count }) => (
            <tr key={`${actual} ${predicted}`} data-testid="confused-row">
              <td>{actual}</td>
              <td>{predicted}</td>
              <td className="number">{formatCount(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
