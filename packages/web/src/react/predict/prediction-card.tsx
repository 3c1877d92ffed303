import { type ReactElement, useState } from 'react'
import { imageOf } from '../../core/explain.ts'
import { formatNumber, formatPercent } from '../../core/format.ts'
import type { Prediction } from '../../core/predict-store.ts'

export function PredictionCard(props: { prediction: Prediction; onExplain: () => Promise<void> }): ReactElement {
  const { prediction, onExplain } = props
  const [asking, setAsking] = useState(false)
  const { image, label, confidence, thumbnail, top, source } = prediction
  async function explain(): Promise<void> {
    setAsking(true)
    await onExplain()
    setAsking(false)
  }
  return (
    <article className="panel prediction" aria-label={image} data-testid="prediction">
      <img src={thumbnail} alt="" />
      <div className="prediction-body">
        <h2 data-testid="prediction-label">{label ?? 'Not sure'}</h2>
        <p className="prediction-name muted" title={image}>
          {image}
        </p>
        {label === null && (
          <p className="prediction-note">
            It says nothing: its best guess, {top[0]?.class}, is only {formatPercent(confidence)} sure.
          </p>
        )}
        <Unlikeness prediction={prediction} />
        <ul className="probabilities" aria-label="Probabilities">
          {top.map(({ class: name, probability }) => (
            <li key={name} data-testid="probability">
              <span className="probability-name">{name}</span>
              <span className="bar" aria-hidden="true">
                <span style={{ width: `${probability * 100}%` }} />
              </span>
              <span className="number">{formatPercent(probability)}</span>
            </li>
          ))}
        </ul>
      </div>
      {imageOf(source) && (
        <button
          type="button"
          className="button"
          disabled={asking}
          data-testid="explain"
          aria-label={`Explain ${image}`}
          onClick={() => void explain()}
        >
          {asking ? 'Asking…' : 'Explain'}
        </button>
      )}
    </article>
  )
}

/** Whether the image is one that the model can judge at all; nothing where it has no calibration to tell by. */
function Unlikeness({ prediction: { distance, outlier } }: { prediction: Prediction }): ReactElement | null {
  if (outlier === null || distance === null) return null
  const title = `Distance ${formatNumber(distance, 3)} from the images that the model was calibrated on`
  return outlier ? (
    <p className="prediction-note is-outlier" title={title} data-testid="outlier">
      Unlike the images that it knows: it may show none of these classes.
    </p>
  ) : (
    <p className="muted" title={title}>
      Like the images that it knows
    </p>
  )
}
