/** How the best weights did on one split: overall, by class, and which classes were taken for which. */
import type { CSSProperties, ReactElement } from 'react'
import { formatCount, formatNumber, formatPercent } from '../core/format.ts'
import type { RunDetails } from '../core/run-store.ts'
import { Panel } from './parts.tsx'

type Evaluation = RunDetails['evaluations'][number]

const titles: Record<Evaluation['split'], string> = { test: 'Test evaluation', valid: 'Validation of the best epoch' }

export function EvaluationPanel({ evaluation }: { evaluation: Evaluation }): ReactElement {
  return (
    <Panel title={titles[evaluation.split]} testId={`evaluation-${evaluation.split}`}>
      <ul className="meta panel-body">
        <li>{formatCount(evaluation.n)} images</li>
        <li>loss {formatNumber(evaluation.loss)}</li>
        <li>accuracy {formatPercent(evaluation.accuracy)}</li>
        <li>F1 weighted {formatNumber(evaluation.f1Weighted, 3)}</li>
        <li>F1 macro {formatNumber(evaluation.f1Macro, 3)}</li>
      </ul>
      <div className="evaluation">
        <ByClass evaluation={evaluation} />
        <Confusion evaluation={evaluation} />
      </div>
    </Panel>
  )
}

function ByClass({ evaluation }: { evaluation: Evaluation }): ReactElement {
  return (
    <div className="table-scroll">
      <table aria-label={`${titles[evaluation.split]} by class`}>
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

function Confusion({ evaluation }: { evaluation: Evaluation }): ReactElement {
  const classes = evaluation.byClass.map((row) => row.class)
  return (
    <div className="confusion">
      <div className="table-scroll">
        <table>
          <caption>Confusion: rows are actual classes, columns predicted</caption>
          <thead>
            <tr>
              <td />
              {classes.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {evaluation.confusion.map((row, actual) => {
              const total = row.reduce((sum, count) => sum + count, 0)
              return (
                <tr key={classes[actual]}>
                  <th scope="row">{classes[actual]}</th>
                  {row.map((count, predicted) => (
                    <ConfusionCell
                      key={classes[predicted]}
                      count={count}
                      share={total > 0 ? count / total : 0}
                      right={actual === predicted}
                    />
                  ))}
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
    </div>
  )
}

/** Shaded by its share of the actual class: green on the diagonal, orange off it. */
function ConfusionCell({ count, share, right }: { count: number; share: number; right: boolean }): ReactElement {
  const style = {
    '--cell': right ? 'var(--sp-cell-right)' : 'var(--sp-cell-wrong)',
    '--share': `${Math.round(share * 100)}%`,
  } as CSSProperties
  return (
    <td style={style} title={formatPercent(share)}>
      {count}
    </td>
  )
}
