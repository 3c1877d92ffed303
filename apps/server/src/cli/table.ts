import Table from 'cli-table3'

/** Headings, and what a row has under them. */
export type Columns<T> = readonly (readonly [heading: string, cell: (row: T) => string])[]

/** A table in Markdown, so that it can be pasted into a document; the first `texts` columns hold text, the others numbers. */
export function table<T>(columns: Columns<T>, rows: readonly T[], texts: number): string {
  const none = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '' }
  const table = new Table({
    head: columns.map(([heading]) => heading),
    colAligns: columns.map((_, i) => (i < texts ? 'left' : 'right')),
    style: { head: [], border: [] },
    chars: {
      ...none,
      'bottom-left': '',
      'bottom-right': '',
      left: '|',
      right: '|',
      middle: '|',
      mid: '-',
      'left-mid': '|',
      'mid-mid': '|',
      'right-mid': '|',
    },
  })
  for (const row of rows) table.push(columns.map(([, cell]) => cell(row)))
  // Markdown has one rule, under the heading.
  return table
    .toString()
    .split('\n')
    .filter((line, i) => i === 1 || !/^\|-/.test(line))
    .join('\n')
}
