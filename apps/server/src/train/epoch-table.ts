import type { EpochRecord } from '@sporeprint/engine'
import { clock } from '../cli/clock.ts'

const score = (value: number): string => value.toFixed(6)

/** The columns of the notebook's table, in its order and with its number of digits. */
const columns: readonly (readonly [heading: string, cell: (epoch: EpochRecord) => string])[] = [
  ['epoch', ({ epoch }) => String(epoch)],
  ['train_loss', ({ trainLoss }) => score(trainLoss)],
  ['valid_loss', ({ validLoss }) => score(validLoss)],
  ['accuracy', ({ accuracy }) => score(accuracy)],
  ['f1_weighted', ({ f1Weighted }) => score(f1Weighted)],
  ['f1_micro', ({ f1Micro }) => score(f1Micro)],
  ['f1_macro', ({ f1Macro }) => score(f1Macro)],
  ['time', ({ seconds }) => clock(seconds)],
]

/** A column is as wide as its heading, and wide enough for a time. */
const widths = columns.map(([heading]) => Math.max(heading.length, 5))

const row = (cells: readonly string[]): string =>
  `| ${cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join(' | ')} |`

/** The two lines above the rows. */
export const epochTableHeader: readonly string[] = [
  row(columns.map(([heading]) => heading)),
  `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`,
]

/** The line of one epoch. */
export function epochTableRow(epoch: EpochRecord): string {
  return row(columns.map(([, cell]) => cell(epoch)))
}
