/** Which classes were taken for which. */
import type { CSSProperties, ReactElement } from 'react'
import type { Evaluation } from '../../core/evaluation-store.ts'
import { formatPercent } from '../../core/format.ts'

export function Confusion({ evaluation }: { evaluation: Evaluation }): ReactElement {
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
