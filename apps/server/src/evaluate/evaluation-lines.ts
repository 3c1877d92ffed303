/** How `evaluate` tells people of an evaluation. */
import { relative } from 'node:path'
import { type Columns, table } from '../cli/table.ts'
import type { EvaluationDocument } from './evaluate.ts'
import { describePair } from './near-duplicates.ts'
import { byClassColumns, confusedColumns, overallRows, percent, sampleColumns, score, sliceColumns } from './tables.ts'

export function evaluationLines(document: EvaluationDocument, top: number): string[] {
  const { split, n, model, data, arch, size, adapter, classes, calibration, temperature, calibratedBy } = document
  const place = (path: string): string => relative('', path) || '.'
  const fit = temperature === null ? '' : `; divided by ${temperature.toFixed(3)}, its logits would be calibrated here`
  const own = calibratedBy === null ? '' : `, calibrated (logits divided by ${calibratedBy.toFixed(3)})`
  return [
    `${n} images (${split}) of ${place(data)}: ${arch} of ${place(model)}, ${classes.length} classes at ${size} px${own}, on ${adapter.name}`,
    ...section('', overallColumns(document.level), overallRows(document), 1),
    ...section('By class', byClassColumns, document.byClass, 1),
    ...section('Most confused', confusedColumns, document.mostConfused.slice(0, top), 2),
    ...section('Largest losses', sampleColumns, document.topLosses, 3),
    ...section('Smallest losses', sampleColumns, document.bottomLosses, 3),
    ...section('Slices', sliceColumns, document.slices, 2),
    '',
    `Calibration: said and true differ by ${percent(calibration.ece)} in the mean (ECE), by ${percent(calibration.mce)} at most (MCE)${fit}.`,
    ...nearDuplicateLines(document, top),
  ]
}

const overallColumns = (level: number): Columns<[string, string, string]> => [
  ['', ([name]) => name],
  ['value', ([, value]) => value],
  [`${Math.round(100 * level)} % interval`, ([, , interval]) => interval],
]

function section<T>(title: string, columns: Columns<T>, rows: readonly T[], texts: number): string[] {
  if (rows.length === 0) return []
  return ['', ...(title === '' ? [] : [`${title}:`]), ...table(columns, rows, texts).split('\n')]
}

function nearDuplicateLines(
  { nearDuplicates, withoutNearDuplicates, split }: EvaluationDocument,
  top: number,
): string[] {
  if (!nearDuplicates) return []
  if (nearDuplicates.count === 0) return ['Near-duplicates: none across splits.']
  const named = nearDuplicates.pairs.slice(0, top)
  const rest = nearDuplicates.count - named.length
  const without = withoutNearDuplicates
  return [
    `Near-duplicates: ${nearDuplicates.count} across splits.`,
    ...named.map((pair) => `  ${describePair(pair)}`),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
    ...(without
      ? [
          `Without the images of ${split} that look like one of train: ${without.n} images, loss ${score(without.loss)}, ` +
            `accuracy ${score(without.accuracy)}, F1 weighted ${score(without.f1Weighted)}, macro ${score(without.f1Macro)}`,
        ]
      : []),
  ]
}
