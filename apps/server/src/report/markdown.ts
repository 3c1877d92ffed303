/** The report in Markdown: the same tables, without curves and pictures. */
import type { SplitEvaluation } from '@sporeprint/engine'
import { type Columns, table } from '../cli/table.ts'
import { describePair } from '../evaluate/near-duplicates.ts'
import { byClassColumns, confusedColumns, sampleColumns, sliceColumns } from '../evaluate/tables.ts'
import {
  calibrationSentence,
  configurationRows,
  environmentRows,
  epochColumns,
  judged,
  moreScores,
  nearDuplicateSentences,
  type ReportData,
  splitColumns,
  splitNames,
  summary,
  titleOf,
} from './report-data.ts'

export function reportMarkdown(data: ReportData): string {
  const { evaluation, run } = data
  const last = judged(data)
  const settingColumns: Columns<[string, string]> = [
    ['setting', ([name]) => name],
    ['value', ([, value]) => value],
  ]
  const more = moreScores(evaluation?.evaluations ?? [])
  return [
    `# ${plain(titleOf(data))}`,
    plain(summary(data)),
    ...(evaluation
      ? ['## Overall', cells(splitColumns, evaluation.evaluations, 1), cells(more.columns, more.rows, 1)]
      : []),
    ...(last ? splitParts(last, evaluation?.classes ?? []) : []),
    ...(evaluation
      ? [
          '## Near-duplicates across splits',
          ...nearDuplicateSentences(evaluation).map(plain),
          (evaluation.nearDuplicates?.pairs ?? []).map((pair) => `- ${plain(describePair(pair))}`).join('\n'),
        ]
      : []),
    '## Training',
    cells(epochColumns, run.history, 0),
    `The best epoch is ${data.best.epoch}.`,
    '## Configuration',
    cells(settingColumns, configurationRows(data), 2),
    '## Environment',
    cells(settingColumns, environmentRows(data), 2),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n')
}

/** Beyond this a matrix has no room. */
const widest = 30

function splitParts(evaluation: SplitEvaluation, classes: readonly string[]): string[] {
  const { byClass, confusion, mostConfused, topLosses, bottomLosses, slices, split } = evaluation
  const matrix: Columns<readonly [string, readonly number[]]> = [
    ['actual ↓ predicted →', ([name]) => name],
    ...classes.map((name, k): (typeof matrix)[number] => [name, ([, counts]) => String(counts[k])]),
  ]
  const rows = confusion.map((counts, k) => [classes[k] as string, counts] as const)
  return [
    `## ${splitNames[split]} by class`,
    cells(byClassColumns, byClass, 1),
    ...(classes.length <= widest ? ['### Confusion matrix', cells(matrix, rows, 1)] : []),
    ...(mostConfused.length > 0 ? ['### Most confused', cells(confusedColumns, mostConfused.slice(0, 20), 2)] : []),
    '### Largest losses',
    cells(sampleColumns, topLosses, 3),
    '### Smallest losses',
    cells(sampleColumns, bottomLosses, 3),
    '### Calibration',
    plain(calibrationSentence(evaluation)),
    ...(slices.length > 0 ? ['### Slices', cells(sliceColumns, slices, 2)] : []),
  ]
}

/** A table whose cells say what they say, whatever characters they have. */
function cells<T>(columns: Columns<T>, rows: readonly T[], texts: number): string {
  const escaped = columns.map(([heading, cell]): Columns<T>[number] => [plain(heading), (row) => plain(cell(row))])
  return table(escaped, rows, texts)
}

/** Text in which nothing is Markdown or HTML. */
const plain = (text: string): string =>
  text.replaceAll(/[\\`*_[\]|<>#]/g, (char) => `\\${char}`).replaceAll(/\s*\n\s*/g, ' ')
