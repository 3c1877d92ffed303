import { describe, expect, test } from 'vitest'
import { table } from '../cli/table.ts'
import { ticks, tickText } from './axis.ts'
import { confusionTable } from './confusion-table.ts'
import { htmlTable } from './html-table.ts'
import { lineChart } from './line-chart.ts'
import { html } from './markup.ts'

describe('markup', () => {
  test('is what was written as such, and text is text whatever it says', () => {
    const name = `<script>alert("1 & '2'")</script>`
    expect(html`<p title="${name}">${[html`<b>${1}</b>`, null, name]}</p>`.text).toBe(
      '<p title="&lt;script&gt;alert(&quot;1 &amp; &#39;2&#39;&quot;)&lt;/script&gt;"><b>1</b>' +
        '&lt;script&gt;alert(&quot;1 &amp; &#39;2&#39;&quot;)&lt;/script&gt;</p>',
    )
  })

  test('of a table has the cells of the text table', () => {
    const columns = [['class', (row: string) => row] as const, ['n', (row: string) => String(row.length)] as const]
    expect(htmlTable(columns, ['a<b'], 1).text).toContain('<td class="text">a&lt;b</td><td class="number">3</td>')
    expect(table(columns, ['a<b'], 1)).toContain('| a<b   | 3 |')
  })
})

describe('axes', () => {
  test('have round numbers within their range', () => {
    expect(ticks(0.13, 0.62, 5)).toEqual([0.2, 0.3, 0.4, 0.5, 0.6])
    expect(ticks(-1, 1, 4)).toEqual([-1, -0.5, 0, 0.5, 1])
    expect(ticks(0, 24, 6)).toEqual([0, 5, 10, 15, 20])
    expect(ticks(3, 3, 5)).toEqual([3])
    expect([0, 0.25, 12, 0.002, 0.0015].map(tickText)).toEqual(['0', '0.25', '12', '2e-3', '1.5e-3'])
  })
})

describe('a line chart', () => {
  const chart = (values: (number | null)[]) =>
    lineChart({ title: 'Loss', series: [{ name: 'training', values }], mark: { epoch: 0, name: 'best' }, phase: null })
      .text

  test('goes through its values from left to right, larger ones higher, and is lifted where one is missing', () => {
    const [, path = ''] = /<path class="line tone1" d="([^"]*)"/.exec(chart([3, 2, null, 1])) ?? []
    const strokes = path.split('M').slice(1)
    expect(strokes.map((stroke) => stroke.split('L').length)).toEqual([2, 1])
    const points = path
      .split(/[ML]/)
      .slice(1)
      .map((point) => point.split(' ').map(Number) as [number, number])
    expect(points.map(([x]) => x)).toEqual(points.map(([x]) => x).toSorted((a, b) => a - b))
    expect(points.map(([, y]) => y)).toEqual(points.map(([, y]) => y).toSorted((a, b) => a - b))
  })

  test.each([[[0.5]], [[1, 1, 1]], [[null, null]]])('draws %j without a number that is none', (values) => {
    expect(chart(values)).not.toMatch(/NaN|Infinity/)
  })
})

describe('a confusion matrix', () => {
  test('is shaded by the share of its row, and names what was taken for what', () => {
    const { text } = confusionTable(
      ['cat', 'dog'],
      [
        [9, 1],
        [0, 0],
      ],
    )
    expect(text).toContain('class="right strong" style="--share:95%" title="cat recognised: 9 of 10">9</td>')
    expect(text).toContain('class="wrong" style="--share:32%" title="cat taken for dog: 1 of 10">1</td>')
    expect(text).toContain('class="right none" style="--share:0%"')
  })

  test('of too many classes says so instead', () => {
    const many = Array.from({ length: 151 }, (_, k) => `class ${k}`)
    expect(confusionTable(many, []).text).toContain('151 classes are too many to draw')
  })
})
