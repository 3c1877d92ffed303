/** Which parameters made the difference, and on how many trials that rests. */
import type { ReactElement } from 'react'
import type { StudyState } from '../../core/documents.types.ts'
import { formatCount, formatCountOf, formatPercent } from '../../core/format.ts'
import { Panel } from '../parts.tsx'
import { Heads, Score } from '../table.tsx'

export function Importances({ study }: { study: StudyState }): ReactElement {
  const { importances, importanceEpochs: epochs } = study
  const note = `what the best trials have in common after ${formatCountOf(epochs, 'epoch')}, by PED-ANOVA`
  return (
    <Panel title="Importances" note={importances.length > 0 ? note : ''} testId="importances">
      {importances.length === 0 ? (
        <p className="placeholder">Needs two trials that came equally far.</p>
      ) : (
        <div className="table-scroll">
          <table aria-label="Importances">
            <thead>
              <tr>
                <Heads of={['Parameter', 'Importance']} />
                <Heads of={['Trials']} numbers />
              </tr>
            </thead>
            <tbody>
              {importances.map(({ name, importance, trials }) => (
                <tr key={name} data-testid="importance-row">
                  <th scope="row">{name}</th>
                  <td>
                    <Score share={importance} text={formatPercent(importance)} wide />
                  </td>
                  <td className="number">{formatCount(trials)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}
