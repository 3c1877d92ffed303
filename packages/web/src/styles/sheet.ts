/** The console's style sheet, made once a document and shared by every console on it. */
import plotCss from 'uplot/dist/uPlot.min.css?inline'
import baseCss from './base.css?inline'
import chartCss from './chart.css?inline'
import dialogCss from './dialog.css?inline'
import evaluationCss from './evaluation.css?inline'
import explainCss from './explain.css?inline'
import predictCss from './predict.css?inline'
import runCss from './run.css?inline'
import runsCss from './runs.css?inline'
import shellCss from './shell.css?inline'
import studiesCss from './studies.css?inline'
import tokensCss from './tokens.css?inline'

let sheet: CSSStyleSheet | undefined

export function consoleSheet(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet()
    sheet.replaceSync(
      [
        plotCss,
        baseCss,
        tokensCss,
        shellCss,
        runsCss,
        runCss,
        studiesCss,
        evaluationCss,
        predictCss,
        explainCss,
        chartCss,
        dialogCss,
      ].join('\n'),
    )
  }
  return sheet
}
