import { html, type Markup } from './markup.ts'

/** Beyond this the cells have no room for numbers, and beyond the second nobody could tell them apart. */
const numbered = 25
const drawn = 150

/** The confusion matrix as a heat map: each row's shares as shades, what is right in one colour and mistakes in another. */
export function confusionTable(classes: readonly string[], confusion: readonly (readonly number[])[]): Markup {
  if (classes.length > drawn) {
    return html`<p class="note">${classes.length} classes are too many to draw: the most confused ones are listed below, and the whole matrix is in the evaluation's JSON.</p>`
  }
  const bare = classes.length > numbered
  const rows = confusion.map((row, i) => {
    const total = row.reduce((sum, count) => sum + count, 0)
    return html`<tr><th scope="row">${classes[i] ?? ''}</th>${row.map((count, j) => cell(count, total, i === j, i === j ? `${classes[i]} recognised` : `${classes[i]} taken for ${classes[j]}`, bare))}</tr>`
  })
  return html`<div class="scroll"><table class="${bare ? 'confusion bare' : 'confusion'}">
<thead><tr><th class="corner">actual ↓ predicted →</th>${classes.map((name) => html`<th scope="col"><span>${name}</span></th>`)}</tr></thead>
<tbody>${rows}</tbody>
</table></div>`
}

function cell(count: number, total: number, right: boolean, about: string, bare: boolean): Markup {
  const share = total > 0 ? count / total : 0
  const kind = `${right ? 'right' : 'wrong'}${share > 0.5 ? ' strong' : ''}${count === 0 ? ' none' : ''}`
  // A single mistake is to be seen among hundreds: shades rise with the root of the share.
  const shade = Math.round(100 * Math.sqrt(share))
  return html`<td class="${kind}" style="--share:${shade}%" title="${about}: ${count} of ${total}">${bare ? null : count}</td>`
}
