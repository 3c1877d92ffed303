/** The report as one HTML page that needs nothing else: its style, its curves and its pictures are in it. */
import type { EvaluateResult, SplitEvaluation } from '@sporeprint/engine'
import type { Columns } from '../cli/table.ts'
import { between, byClassColumns, confusedColumns, fixed, percent, sliceColumns } from '../evaluate/tables.ts'
import { calibrationChart } from './calibration-chart.ts'
import { confusionTable } from './confusion-table.ts'
import { htmlTable } from './html-table.ts'
import { lineChart } from './line-chart.ts'
import { html, Markup } from './markup.ts'
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
import { style } from './style.ts'

/** Nothing is to be fetched or run, whatever a name in it may say. */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

export function reportPage(data: ReportData): string {
  const { evaluation } = data
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${titleOf(data)} – training report</title>
<style>${new Markup(style)}</style>
</head>
<body><main>
<header>
<h1>${titleOf(data)}</h1>
<p class="lead">${summary(data)}</p>
${keyNumbers(data)}
</header>
${evaluation ? overall(evaluation, data.run.spec.labelSmoothing) : null}
${evaluation ? splitSection(evaluation.evaluations.at(-1) as SplitEvaluation, evaluation) : null}
${evaluation ? otherSplits(evaluation) : null}
${evaluation ? duplicates(evaluation) : null}
${training(data)}
<h2>Configuration</h2>
${settings(configurationRows(data))}
<h2>Environment</h2>
${settings(environmentRows(data), 'settings long')}
<footer>Written by sporeprint ${data.versions.sporeprint}.</footer>
</main></body>
</html>
`.text
}

function keyNumbers(data: ReportData): Markup {
  const evaluation = judged(data)
  const { best } = data
  const number = (name: string, value: string, about: string): Markup =>
    html`<div><dt>${name}</dt><dd>${value}<small>${about}</small></dd></div>`
  const digits = (value: number): string => fixed(value, 4)
  if (!evaluation) {
    return html`<dl class="numbers">${number('Validation accuracy', digits(best.accuracy), `epoch ${best.epoch}`)}${number('Macro F1', digits(best.f1Macro), `epoch ${best.epoch}`)}${number('Validation loss', digits(best.validLoss), `epoch ${best.epoch}`)}</dl>`
  }
  const { split, scores, level, loss, n, calibration } = evaluation
  const name = splitNames[split]
  const share = `${Math.round(100 * level)} %:`
  return html`<dl class="numbers">
${number(`${name} accuracy`, digits(scores.accuracy.value), `${share} ${between(scores.accuracy)}`)}
${number('Macro F1', digits(scores.f1Macro.value), `${share} ${between(scores.f1Macro)}`)}
${number(`${name} loss`, digits(loss), `of ${n} images`)}
${number('Calibration error', percent(calibration.ece), 'expected (ECE)')}
${number('Best epoch', String(best.epoch), `of ${data.run.history.length}, counted from 0`)}
</dl>`
}

function overall({ evaluations }: EvaluateResult, labelSmoothing: number): Markup {
  const more = moreScores(evaluations)
  return html`<h2>Overall</h2>
<p class="note">The best checkpoint on every split, without augmentation.${labelSmoothing > 0 ? ` The loss has label smoothing ${labelSmoothing}, as in training.` : null}</p>
${htmlTable(splitColumns, evaluations, 1)}
${htmlTable(more.columns, more.rows, 1)}`
}

function splitSection(evaluation: SplitEvaluation, { classes }: EvaluateResult): Markup {
  const name = splitNames[evaluation.split]
  return html`<h2>${name} by class</h2>
${htmlTable(byClassColumns, evaluation.byClass, 1)}
<h3>Confusion matrix</h3>
${confusionTable(classes, evaluation.confusion)}
<div class="columns">
<div><h3>Most confused</h3>${mostConfused(evaluation)}</div>
<div><h3>Calibration</h3>${calibrationChart(evaluation.calibration)}<p class="note">${calibrationSentence(evaluation)}</p></div>
</div>
${images(evaluation)}
${slices(evaluation)}`
}

/** Named in a report; the evaluation has more. */
const namedMistakes = 16

function mostConfused({ mostConfused }: SplitEvaluation): Markup {
  if (mostConfused.length === 0) return html`<p>No image was taken for another class.</p>`
  return htmlTable(confusedColumns, mostConfused.slice(0, namedMistakes), 2)
}

function images({ topLosses, bottomLosses }: SplitEvaluation): Markup {
  return html`<h3>Largest losses: the worst predictions</h3>
${gallery(topLosses)}
<h3>Smallest losses: the best predictions</h3>
${gallery(bottomLosses)}`
}

function gallery(samples: SplitEvaluation['topLosses']): Markup {
  return html`<ul class="images">${samples.map(({ path, actual, predicted, confidence, loss, thumbnail }) => {
    const said =
      actual === predicted
        ? html`<span class="hit">${actual}</span> ${percent(confidence)}`
        : html`${actual}, taken for <span class="miss">${predicted}</span> ${percent(confidence)}`
    const picture = thumbnail === null ? null : html`<img src="${thumbnail}" alt="${actual}">`
    return html`<li>${picture}${said}<br>loss ${fixed(loss, 3)}<span class="path" title="${path}">${path}</span></li>
`
  })}</ul>`
}

function slices({ slices, level }: SplitEvaluation): Markup | null {
  if (slices.length === 0) return null
  return html`<h3>Slices</h3>
<p class="note">The same images cut by what they have in common: a mean may hide a part for which the model fails. Intervals are Wilson’s, ${Math.round(100 * level)} %.</p>
${htmlTable(sliceColumns, slices, 2)}`
}

function otherSplits({ evaluations }: EvaluateResult): Markup | null {
  const others = evaluations.slice(0, -1)
  if (others.length === 0) return null
  return html`<h2>Other splits</h2>
<p class="note">Large losses in training are where to look for wrong labels.</p>
${others.map(
  (evaluation) => html`<details><summary>${splitNames[evaluation.split]}: ${evaluation.n} images</summary>
<div class="columns"><div><h3>By class</h3>${htmlTable(byClassColumns, evaluation.byClass, 1)}</div>
<div><h3>Most confused</h3>${mostConfused(evaluation)}</div></div>
${images(evaluation)}</details>
`,
)}`
}

type Pair = NonNullable<EvaluateResult['nearDuplicates']>['pairs'][number]

const pairColumns: Columns<Pair> = [
  ['image', ({ first }) => first.path],
  ['looks like', ({ second }) => second.path],
  ['classes', ({ first, second }) => (first.class === second.class ? first.class : `${first.class}, ${second.class}`)],
  ['splits', ({ first, second }) => `${splitNames[first.split]}, ${splitNames[second.split]}`],
  ['bits apart', ({ distance }) => `${distance} of 64`],
]

const namedPairs = 50

function duplicates(evaluation: EvaluateResult): Markup {
  const pairs = evaluation.nearDuplicates?.pairs.slice(0, namedPairs) ?? []
  return html`<h2>Near-duplicates across splits</h2>
${nearDuplicateSentences(evaluation).map((sentence) => html`<p>${sentence}</p>`)}
${pairs.length > 0 ? html`<div class="paths">${htmlTable(pairColumns, pairs, 4)}</div>` : null}`
}

function training({ run, best }: ReportData): Markup {
  const { history } = run
  const unfrozen = history.findIndex(({ phase }) => phase === 'unfrozen')
  const chart = (title: string, ...series: [string, (epoch: (typeof history)[number]) => number | null][]): Markup =>
    lineChart({
      title,
      series: series.map(([name, value]) => ({ name, values: history.map(value) })),
      mark: { epoch: best.epoch, name: `best epoch, ${best.epoch}` },
      phase: unfrozen > 0 ? unfrozen : null,
    })
  return html`<h2>Training</h2>
<div class="charts">
${chart('Loss', ['training', ({ trainLoss }) => trainLoss], ['validation', ({ validLoss }) => validLoss])}
${chart('Validation scores', ['accuracy', ({ accuracy }) => accuracy], ['F1, macro', ({ f1Macro }) => f1Macro])}
${chart('Learning rate', ['head, at the end of the epoch', ({ lr }) => lr])}
</div>
<h3>Epochs</h3>
${htmlTable(epochColumns, history, 2, (epoch) => (epoch.epoch === best.epoch ? 'best' : ''))}`
}

function settings(rows: [string, string][], kind = 'settings'): Markup {
  return html`<dl class="${kind}">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}
