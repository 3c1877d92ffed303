/** One explanation: the picture with what matters laid over it, how much is shown, and the same as numbers. */
import { type ReactElement, useMemo, useState } from 'react'
import type { ExplainMethod, SegmenterName } from '../../core/documents.types.ts'
import { imageOf, methodNames, segmenterNames } from '../../core/explain.ts'
import type { ExplainedLabel, Explanation, How } from '../../core/explanations-store.ts'
import { formatCount, formatDuration, formatNumber, formatPercent } from '../../core/format.ts'
import { decodeMap, decodeRuns, type Legend, legendOf, type Shown as ShownSegments } from '../../core/overlay.ts'
import { OverlayCanvas } from './overlay-canvas.tsx'
import { WeightsTable } from './weights-table.tsx'

/** Which superpixels are shown, and how strongly. */
export interface Shown extends ShownSegments {
  opacity: number
}

interface ViewerProps {
  explanation: Explanation
  /** Asks for another explanation of the same image. */
  onExplain: (how: How) => Promise<void>
}

export function ExplanationViewer({ explanation, onExplain }: ViewerProps): ReactElement | null {
  const { labels, segments, size, image, actual } = explanation
  const [name, setName] = useState(labels[0]?.label)
  const [shown, setShown] = useState<Shown>({ opacity: 0.5, most: 5, positive: true, negative: true })
  const [highlight, setHighlight] = useState<number | null>(null)
  const label = labels.find((one) => one.label === name) ?? labels[0]
  const decoded = useMemo(() => segments && decodeRuns(segments.runs, size * size), [segments, size])
  const map = useMemo(() => (label?.map ? decodeMap(label.map) : null), [label?.map])
  const legend = useMemo(() => map && legendOf(map), [map])
  if (!label) return null
  const change = (patch: Partial<Shown>): void => setShown((before) => ({ ...before, ...patch }))
  return (
    <section className="panel explanation" aria-label={`Explanation of ${image}`} data-testid="explanation">
      <figure>
        <OverlayCanvas
          explanation={explanation}
          label={label}
          segments={decoded}
          map={map}
          legend={legend}
          shown={shown}
          highlight={highlight}
        />
        {legend && <LegendBar legend={legend} />}
        <figcaption className="muted">
          {image}
          {actual !== null && `, which is ${actual}`}
        </figcaption>
      </figure>
      <div className="explanation-side">
        <Labels explanation={explanation} shown={label.label} onChoose={setName} onExplain={onExplain} />
        <Controls label={label} shown={shown} onChange={change} />
        <Trust explanation={explanation} label={label} />
        {label.weights && <WeightsTable weights={label.weights} shown={shown} onHighlight={setHighlight} />}
        {imageOf(explanation.source) && <Again explanation={explanation} onExplain={onExplain} />}
      </div>
    </section>
  )
}

/** Every class by its probability: those that are explained can be switched to, others asked for. */
function Labels(props: {
  explanation: Explanation
  shown: string
  onChoose: (label: string) => void
  onExplain: ViewerProps['onExplain']
}): ReactElement {
  const { labels, probabilities } = props.explanation
  return (
    <fieldset className="segments" aria-label="Class">
      {labels.map(({ label, probability }) => (
        <button
          key={label}
          type="button"
          aria-pressed={label === props.shown}
          data-testid={`class-${label}`}
          onClick={() => props.onChoose(label)}
        >
          {label} {formatPercent(probability ?? probabilities.find((one) => one.class === label)?.probability)}
        </button>
      ))}
    </fieldset>
  )
}

function Controls(props: {
  label: ExplainedLabel
  shown: Shown
  onChange: (patch: Partial<Shown>) => void
}): ReactElement {
  const { label, shown, onChange } = props
  const { weights } = label
  return (
    <div className="explanation-controls">
      <label>
        <span>Opacity</span>
        <input
          type="range"
          name="opacity"
          min={0}
          max={1}
          step={0.05}
          value={shown.opacity}
          aria-valuetext={formatPercent(shown.opacity)}
          onChange={(event) => onChange({ opacity: event.target.valueAsNumber })}
        />
      </label>
      {weights && (
        <>
          <label>
            <span>
              Superpixels <span className="number">{Math.min(shown.most, weights.length)}</span>
            </span>
            <input
              type="range"
              name="most"
              min={1}
              max={Math.max(1, weights.length)}
              value={Math.min(shown.most, weights.length)}
              onChange={(event) => onChange({ most: event.target.valueAsNumber })}
            />
          </label>
          <div className="signs">
            <label className="inline-field">
              <input
                type="checkbox"
                name="positive"
                checked={shown.positive}
                onChange={(event) => onChange({ positive: event.target.checked })}
              />
              <span className="swatch is-for" /> For {label.label}
            </label>
            <label className="inline-field">
              <input
                type="checkbox"
                name="negative"
                checked={shown.negative}
                onChange={(event) => onChange({ negative: event.target.checked })}
              />
              <span className="swatch is-against" /> Against it
            </label>
          </div>
        </>
      )}
    </div>
  )
}

/** How far the explanation can be trusted. */
function Trust({ explanation, label }: { explanation: Explanation; label: ExplainedLabel }): ReactElement {
  const { method, samples, seconds, settings } = explanation
  const facts: [string, string, string?][] = [['Model', formatPercent(label.probability)]]
  if (label.r2 !== null) {
    facts.push(['Surrogate', formatPercent(label.localPrediction), 'What the linear surrogate says of the whole image'])
    facts.push([
      'R²',
      formatNumber(label.r2, 2),
      'How much of the model’s answers the surrogate explains: little, and the weights say little',
    ])
  }
  if (samples > 1) facts.push(['Samples', formatCount(samples)])
  facts.push(['Took', formatDuration(seconds)])
  if (label.faithfulness) {
    const { deletion, insertion, road } = label.faithfulness
    facts.push([
      'Deletion',
      formatNumber(deletion, 2),
      'Left of the probability as the most important pixels go: low is faithful',
    ])
    facts.push(['Insertion', formatNumber(insertion, 2), 'Of the probability as they come: high is faithful'])
    facts.push(['ROAD', formatNumber(road, 2), 'Least against most important pixels removed: high is faithful'])
  }
  const by = label.weights ? `, ${segmenterNames[settings.segmenter]} superpixels` : ''
  return (
    <div>
      <p className="muted">
        {method === 'lime' && settings.stable ? 'Stable LIME' : methodNames[method]}
        {by}
      </p>
      <dl className="trust" data-testid="trust">
        {facts.map(([term, value, title]) => (
          <div key={term} title={title}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

/** The same image explained in another way. */
function Again({ explanation, onExplain }: ViewerProps): ReactElement {
  const [method, setMethod] = useState<ExplainMethod>(explanation.method)
  const [segmenter, setSegmenter] = useState<SegmenterName>(explanation.settings.segmenter)
  const [faithfulness, setFaithfulness] = useState(false)
  const [asking, setAsking] = useState(false)
  async function ask(): Promise<void> {
    setAsking(true)
    const labels = explanation.labels.map(({ label }) => label)
    await onExplain({ method, segmenter, labels, faithfulness })
    setAsking(false)
  }
  const bySegment = method === 'lime' || method === 'shap'
  return (
    <form
      className="again"
      onSubmit={(event) => {
        event.preventDefault()
        void ask()
      }}
    >
      <label>
        <span>Method</span>
        <select
          className="input"
          name="method"
          value={method}
          onChange={(event) => setMethod(event.target.value as ExplainMethod)}
        >
          {Object.entries(methodNames).map(([value, title]) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </select>
      </label>
      {bySegment && (
        <label>
          <span>Superpixels</span>
          <select
            className="input"
            name="segmenter"
            value={segmenter}
            onChange={(event) => setSegmenter(event.target.value as SegmenterName)}
          >
            {Object.entries(segmenterNames).map(([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        </label>
      )}
      <label className="inline-field">
        <input
          type="checkbox"
          name="faithfulness"
          checked={faithfulness}
          onChange={(event) => setFaithfulness(event.target.checked)}
        />
        Measure how faithful it is
      </label>
      <button type="submit" className="button" disabled={asking} data-testid="explain-again">
        {asking ? 'Asking…' : 'Explain again'}
      </button>
    </form>
  )
}

function LegendBar({ legend }: { legend: Legend }): ReactElement {
  const stops = legend.scale.map((colour) => `rgb(${colour.join(' ')})`).join(', ')
  return (
    <div className="legend-bar" data-testid="legend">
      <span className="number">{formatNumber(legend.low, 2)}</span>
      <span style={{ background: `linear-gradient(to right, ${stops})` }} />
      <span className="number">{formatNumber(legend.high, 2)}</span>
    </div>
  )
}
