/** The report's looks: light and dark by the reader's system, and on paper. */
export const style = `
:root {
  color-scheme: light dark;
  --page: light-dark(#fcfcfb, #16181b);
  --panel: light-dark(#ffffff, #1e2125);
  --text: light-dark(#1c1f23, #e7e9ec);
  --quiet: light-dark(#5c646e, #a3abb5);
  --rule: light-dark(#e2e4e7, #34393f);
  --tone1: light-dark(#2761c9, #7aa7ff);
  --tone2: light-dark(#b4550c, #f2a15a);
  --tone3: light-dark(#2b7a4b, #6fcf97);
  --right: light-dark(#2761c9, #3f74d6);
  --wrong: light-dark(#c2410c, #d9622b);
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
}
main { max-width: 1040px; margin: 0 auto; padding: 40px 24px 64px; }
header { margin-bottom: 32px; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.015em; margin: 0 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 20px; letter-spacing: -0.01em; margin: 48px 0 12px; padding-top: 16px; border-top: 1px solid var(--rule); }
h3 { font-size: 15px; margin: 28px 0 8px; }
p { margin: 0 0 12px; max-width: 75ch; }
.lead, .note { color: var(--quiet); }
.note { font-size: 13px; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 24px 0 0; padding: 0; }
.numbers div { background: var(--panel); border: 1px solid var(--rule); border-radius: 10px; padding: 12px 16px; }
.numbers dt { font-size: 13px; color: var(--quiet); }
.numbers dd { margin: 0; font-size: 24px; font-weight: 600; letter-spacing: -0.01em; font-variant-numeric: tabular-nums; }
.numbers dd small { display: block; font-size: 12px; font-weight: 400; letter-spacing: 0; color: var(--quiet); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 16px; }
.chart { margin: 0; background: var(--panel); border: 1px solid var(--rule); border-radius: 10px; padding: 12px 12px 8px; }
figcaption { font-weight: 600; font-size: 14px; padding: 0 4px 4px; }
svg { display: block; width: 100%; height: auto; }
.grid { stroke: var(--rule); stroke-width: 1; }
.tick { fill: var(--quiet); font-size: 11.5px; font-variant-numeric: tabular-nums; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.line.tone1 { stroke: var(--tone1); }
.line.tone2 { stroke: var(--tone2); stroke-dasharray: 6 4; }
.line.tone3 { stroke: var(--tone3); stroke-dasharray: 1.5 4; }
.dot.tone1 { fill: var(--tone1); }
.dot.tone2 { fill: var(--tone2); }
.dot.tone3 { fill: var(--tone3); }
line.mark { stroke: var(--quiet); stroke-width: 1.2; stroke-dasharray: 3 3; }
line.phase { stroke: var(--rule); stroke-width: 6; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; margin: 4px 4px 0; font-size: 12.5px; color: var(--quiet); }
.key::before { content: ''; display: inline-block; width: 20px; margin-right: 6px; vertical-align: middle; border-top: 2px solid; }
.key.tone1::before { border-color: var(--tone1); }
.key.tone2::before { border-top-style: dashed; border-color: var(--tone2); }
.key.tone3::before { border-top-style: dotted; border-color: var(--tone3); }
.key.phase::before { width: 6px; height: 12px; border: 0; background: var(--rule); }
.key.mark::before { width: 0; height: 12px; border-top: 0; border-left: 1.2px dashed var(--quiet); }
.bar { fill: var(--tone1); }
.calibration { max-width: 340px; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 8px 48px; align-items: start; }
.columns > * { min-width: 0; }
.scroll { overflow-x: auto; margin: 0 0 12px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 0 5px 18px; text-align: left; vertical-align: top; white-space: nowrap; }
th { font-weight: 600; color: var(--quiet); border-bottom: 1px solid var(--rule); }
td { border-bottom: 1px solid var(--rule); }
tbody tr:last-child td { border-bottom: 0; }
th:first-child, td:first-child { padding-left: 0; }
.number { text-align: right; }
tr.best td { font-weight: 600; }
tr.best td:first-child::after { content: ' best'; color: var(--tone1); }
.paths td.text { white-space: normal; overflow-wrap: anywhere; }
.settings { columns: 300px; column-gap: 40px; margin: 0; font-size: 13.5px; }
.settings.long { columns: 440px; }
.settings div { display: flex; gap: 16px; justify-content: space-between; padding: 5px 0; border-bottom: 1px solid var(--rule); break-inside: avoid; }
.settings dt { color: var(--quiet); white-space: nowrap; }
.settings dd { margin: 0; text-align: right; min-width: 0; overflow-wrap: anywhere; }
table.confusion { width: auto; border-collapse: separate; border-spacing: 2px; }
.confusion th, .confusion td { border: 0; }
.confusion thead th { vertical-align: bottom; padding: 0 0 6px; text-align: center; }
.confusion thead span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 130px; overflow: hidden; }
.confusion .corner { font-weight: 400; font-size: 11.5px; text-align: right; padding-right: 8px; }
.confusion tbody th { text-align: right; padding: 0 8px 0 0; vertical-align: middle; }
.confusion td {
  min-width: 44px; height: 36px; padding: 0 4px; text-align: center; vertical-align: middle; border-radius: 4px;
  background: color-mix(in srgb, var(--shade) var(--share), var(--panel)); print-color-adjust: exact; -webkit-print-color-adjust: exact;
}
.confusion .right { --shade: var(--right); }
.confusion .wrong { --shade: var(--wrong); }
.confusion .strong { color: #fff; }
.confusion .none { color: var(--rule); }
.confusion.bare { border-spacing: 1px; }
.confusion.bare td { min-width: 7px; width: 7px; height: 7px; padding: 0; border-radius: 0; }
.confusion.bare th { font-size: 0; padding: 0; }
.images { display: grid; grid-template-columns: repeat(auto-fill, minmax(106px, 1fr)); gap: 16px 12px; margin: 0 0 12px; padding: 0; list-style: none; }
.images li { font-size: 12px; line-height: 1.4; min-width: 0; }
.images img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--panel); border: 1px solid var(--rule); border-radius: 8px; margin-bottom: 6px; image-rendering: auto; }
.images .path { color: var(--quiet); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; display: block; }
.images .miss { color: var(--wrong); font-weight: 600; }
.images .hit { color: var(--tone1); font-weight: 600; }
details { border-top: 1px solid var(--rule); padding: 10px 0; }
details[open] { padding-bottom: 20px; }
summary { cursor: pointer; font-weight: 600; }
footer { margin-top: 56px; color: var(--quiet); font-size: 13px; }
@media (max-width: 600px) {
  main { padding: 24px 16px 40px; }
  h1 { font-size: 25px; }
  th, td { padding-left: 10px; }
  .confusion td { min-width: 32px; height: 32px; }
  .numbers { grid-template-columns: 1fr 1fr; }
  .images { grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); }
}
@media print {
  :root { color-scheme: light; --page: #fff; }
  body { font-size: 11px; }
  main { max-width: none; padding: 0; }
  h2 { margin-top: 28px; break-after: avoid; }
  h3 { break-after: avoid; }
  figure, tr, li, .numbers div { break-inside: avoid; }
  .scroll { overflow: visible; }
  h1 { font-size: 22px; }
  h2 { font-size: 15px; }
  h3 { font-size: 12px; margin-top: 18px; }
  .note, .numbers dt, .confusion .corner { font-size: 9.5px; }
  .columns { grid-template-columns: 1fr 1fr; gap: 8px 32px; }
  .calibration { max-width: 230px; }
  table, .settings { font-size: 9.5px; }
  th, td { padding: 3px 0 3px 10px; }
  .confusion td { min-width: 26px; height: 24px; }
  .numbers { grid-template-columns: repeat(auto-fit, minmax(100px, 1fr)); gap: 8px; }
  .numbers div { padding: 8px 10px; }
  .numbers dd { font-size: 17px; }
  .numbers dd small { font-size: 9px; }
  .images { grid-template-columns: repeat(8, 1fr); gap: 10px 8px; }
  .images li { font-size: 8.5px; }
}
`
