import type { ReactElement } from 'react'
import { formatDuration, formatNumber, formatPercent, formatRate } from '../core/format.ts'
import { isActive } from '../core/run-status.ts'
import type { RunDetails } from '../core/run-store.ts'
import { Panel } from './parts.tsx'
import { Heads } from './table.tsx'

/** The table of a fine-tuning notebook, one line an epoch, with the best one marked. */
export function EpochTable({ run }: { run: RunDetails }): ReactElement {
  const phases = new Set(run.epochs.map((epoch) => epoch.phase)).size > 1
  return (
    <Panel title="Epochs">
      {run.epochs.length === 0 ? (
        <p className="placeholder">
          {isActive(run.status) ? 'The first line comes with the end of the first epoch.' : 'No epoch was finished.'}
        </p>
      ) : (
        <div className="table-scroll">
          <table aria-label="Epochs">
            <thead>
              <tr>
                <Heads of={phases ? ['Epoch', 'Phase'] : ['Epoch']} />
                <Heads
                  of={['Train loss', 'Valid loss', 'Accuracy', 'F1 weighted', 'F1 micro', 'F1 macro', 'Rate', 'Time']}
                  numbers
                />
              </tr>
            </thead>
            <tbody>
              {run.epochs.map((epoch) => {
                const best = epoch.epoch === run.best?.epoch
                return (
                  <tr key={epoch.epoch} className={best ? 'is-best' : undefined} data-testid="epoch-row">
                    <th scope="row">
                      {epoch.epoch + 1}
                      {best && <span className="best-mark">best</span>}
                    </th>
                    {phases && <td>{epoch.phase}</td>}
                    <td className="number">{formatNumber(epoch.trainLoss)}</td>
                    <td className="number">{formatNumber(epoch.validLoss)}</td>
                    <td className="number">{formatPercent(epoch.accuracy)}</td>
                    <td className="number">{formatNumber(epoch.f1Weighted, 3)}</td>
                    <td className="number">{formatNumber(epoch.f1Micro, 3)}</td>
                    <td className="number">{formatNumber(epoch.f1Macro, 3)}</td>
                    <td className="number">{formatRate(epoch.learningRate)}</td>
                    <td className="number">{formatDuration(epoch.seconds)}</td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}
