/** The splits side by side, each score with its interval: a difference smaller than that is no difference. */
import type { ReactElement } from 'react'
import type { Evaluation } from '../../core/evaluation-store.ts'
import { formatCount, formatNumber, formatPercent } from '../../core/format.ts'
import { Heads, Interval } from '../table.tsx'
import { splitNames } from './split-names.ts'

interface Row {
  name: string
  format: (value: number | null) => string
  value: (evaluation: Evaluation) => number | null
  /** Its name among the scores, which have intervals. */
  score?: string
}

const decimals = (value: number | null) => formatNumber(value, 3)

const rows: readonly Row[] = [
  { name: 'Images', format: formatCount, value: ({ n }) => n },
  { name: 'Accuracy', format: formatPercent, value: ({ accuracy }) => accuracy, score: 'accuracy' },
  { name: 'F1 weighted', format: decimals, value: ({ f1Weighted }) => f1Weighted, score: 'f1Weighted' },
  { name: 'F1 macro', format: decimals, value: ({ f1Macro }) => f1Macro, score: 'f1Macro' },
  { name: 'F1 micro', format: decimals, value: ({ f1Micro }) => f1Micro, score: 'f1Micro' },
  { name: 'Balanced accuracy', format: formatPercent, value: scored('balancedAccuracy'), score: 'balancedAccuracy' },
  { name: 'Cohen’s κ', format: decimals, value: scored('cohenKappa'), score: 'cohenKappa' },
  { name: 'Matthews', format: decimals, value: scored('matthews'), score: 'matthews' },
  { name: 'Top-2 accuracy', format: formatPercent, value: ({ topK }) => topK[1] ?? null },
  { name: 'ROC AUC', format: decimals, value: ({ rocAuc }) => rocAuc },
  { name: 'Average precision', format: decimals, value: ({ averagePrecision }) => averagePrecision },
  { name: 'Loss', format: formatNumber, value: ({ logLoss, loss }) => logLoss ?? loss },
  { name: 'Brier', format: decimals, value: ({ brier }) => brier },
  { name: 'Calibration error', format: formatPercent, value: ({ calibration }) => calibration?.ece ?? null },
]

function scored(name: string): Row['value'] {
  return ({ scores }) => scores.find((score) => score.name === name)?.interval.value ?? null
}

export function Overall({ evaluations }: { evaluations: readonly Evaluation[] }): ReactElement {
  const known = rows.filter(({ value }) => evaluations.some((evaluation) => value(evaluation) !== null))
  const level = evaluations.find((evaluation) => evaluation.level !== null)?.level
  return (
    <div className="table-scroll">
      <table aria-label="Overall" className="overall">
        {level != null && <caption>In brackets: {Math.round(100 * level)} % intervals by bootstrap</caption>}
        <thead>
          <tr>
            <td />
            <Heads of={evaluations.map(({ split }) => splitNames[split])} numbers />
          </tr>
        </thead>
        <tbody>
          {known.map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th>
              {evaluations.map((evaluation) => (
                <OverallCell key={evaluation.split} row={row} evaluation={evaluation} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function OverallCell({ row, evaluation }: { row: Row; evaluation: Evaluation }): ReactElement {
  const interval = evaluation.scores.find(({ name }) => name === row.score)?.interval
  return (
    <td className="number">
      {row.format(row.value(evaluation))}
      <Interval low={interval?.low} high={interval?.high} format={row.format} />
    </td>
  )
}
