import type { ImagePrediction, PredictedModel } from '@sporeprint/engine'
import Table from 'cli-table3'

const percent = (p: number): string => `${(100 * p).toFixed(1)} %`

/** The predictions as a table; the other classes of `top` follow the label. */
export function predictionLines(predictions: readonly ImagePrediction[], model: PredictedModel): string[] {
  const calibrated = model.calibration !== null
  const head = ['image', 'label', 'probability', 'then', ...(calibrated ? ['distance'] : [])]
  const table = new Table({ head, style: { head: [], border: [] } })
  for (const { image, label, confidence, top, distance, outlier } of predictions) {
    const rest = label === null ? top : top.slice(1)
    const then = rest.map(({ class: name, probability }) => `${name} ${percent(probability)}`).join(', ')
    const far = `${(distance ?? 0).toFixed(3)}${outlier ? ' (outlier)' : ''}`
    table.push([image, label ?? '(abstains)', percent(confidence), then, ...(calibrated ? [far] : [])])
  }
  return table.toString().split('\n')
}

/** Where the probabilities' temperature comes from. */
export function temperatureLine({ temperature, temperatureFrom, calibration }: PredictedModel): string {
  const value = temperature.toFixed(3)
  switch (temperatureFrom) {
    case 'given':
      return `Temperature ${value}, as given.`
    case 'calibration':
      return `Temperature ${value}, calibrated on ${calibration?.images} images.`
    case 'none':
      return 'Probabilities are not calibrated: sporeprint calibrate MODEL DIR makes them so.'
  }
}
