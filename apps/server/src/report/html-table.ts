import type { Columns } from '../cli/table.ts'
import { html, type Markup } from './markup.ts'

/** The columns of a text table as HTML; the first `texts` of them hold text, the others numbers. */
export function htmlTable<T>(
  columns: Columns<T>,
  rows: readonly T[],
  texts: number,
  rowClass: (row: T) => string = () => '',
): Markup {
  const kind = (i: number): string => (i < texts ? 'text' : 'number')
  return html`<div class="scroll"><table>
<thead><tr>${columns.map(([heading], i) => html`<th scope="col" class="${kind(i)}">${heading}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) =>
      html`<tr class="${rowClass(row)}">${columns.map(([, cell], i) => html`<td class="${kind(i)}">${cell(row)}</td>`)}</tr>
`,
  )}</tbody>
</table></div>`
}
