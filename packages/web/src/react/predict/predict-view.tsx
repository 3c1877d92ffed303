/** Images of the reader's own, and what a run's best weights say of them. */
import { type ReactElement, useCallback, useState } from 'react'
import { describeCalibration } from '../../core/calibration.ts'
import { isUnderWay } from '../../core/jobs.ts'
import { createPredictStore, type Prediction, type PredictStore } from '../../core/predict-store.ts'
import { useConsole, useOwnedStore, useStoreState } from '../context.ts'
import { JobLine } from '../job-line.tsx'
import { MissingRun, PageHeader } from '../page.tsx'
import { ErrorNotice, ProgressBar, ViewLink } from '../parts.tsx'
import { DropZone } from './drop-zone.tsx'
import { PredictionCard } from './prediction-card.tsx'

export function PredictView({ run }: { run: string }): ReactElement | null {
  const { api } = useConsole()
  const store = useOwnedStore(useCallback(() => createPredictStore(api, run), [api, run]))
  return store && <LoadedPredict store={store} runId={run} />
}

function LoadedPredict({ store, runId }: { store: PredictStore; runId: string }): ReactElement {
  const { router } = useConsole()
  const state = useStoreState(store)
  const [abstain, setAbstain] = useState(0)
  const [tta, setTta] = useState(false)
  const { run, model, predictions, uploading, job, error } = state
  const busy = uploading !== null || isUnderWay(job)

  async function explain(prediction: Prediction): Promise<void> {
    const asked = await store.explain(prediction)
    if (asked !== null) router.go({ name: 'explanations', run: runId, job: asked })
  }

  if (state.phase === 'missing') return <MissingRun id={runId} />
  return (
    <>
      <PageHeader
        back={{ to: { name: 'run', id: runId }, label: run?.name ?? 'The run' }}
        title={<h1>Try it</h1>}
        about={<p className="muted">Bring images, and see what the run’s best weights say of them.</p>}
        actions={
          <ViewLink to={{ name: 'explanations', run: runId }} className="button">
            Explanations
          </ViewLink>
        }
      />
      {error && <ErrorNotice error={error} onRetry={() => void store.retry()} />}
      {state.phase === 'ready' && model === null && (
        <p className="panel placeholder">The run has no checkpoint yet: it can be tried after an epoch.</p>
      )}
      {model !== null && (
        <section className="panel try" aria-label="Images to classify">
          <DropZone disabled={busy} onFiles={(files) => void store.predict(files, { abstain: abstain / 100, tta })} />
          <div className="try-settings">
            <label className="inline-field">
              Say nothing below
              <input
                className="input"
                type="number"
                name="abstain"
                min={0}
                max={100}
                step={5}
                value={abstain}
                onChange={(event) => setAbstain(Math.min(100, Math.max(0, event.target.valueAsNumber || 0)))}
              />
              % sure
            </label>
            <label className="inline-field">
              <input type="checkbox" name="tta" checked={tta} onChange={(event) => setTta(event.target.checked)} />
              Also look at augmented versions (slower, often a little better)
            </label>
          </div>
          {uploading && (
            <div className="panel-body" data-testid="uploading">
              <p className="progress-line">
                Sending image {Math.min(uploading.done + 1, uploading.total)} of {uploading.total}
              </p>
              <ProgressBar done={uploading.done} total={uploading.total} label="Upload" />
            </div>
          )}
          <JobLine job={job} what="classification" />
        </section>
      )}
      {run && model && model.calibration === null && (
        <p className="muted try-note" data-testid="not-calibrated">
          {describeCalibration(model, run.status, false)}. Uncalibrated weights cannot tell an image that shows none of
          the classes.
        </p>
      )}
      {predictions.length > 0 && (
        <ul className="predictions" aria-label="Predictions" data-testid="predictions">
          {predictions.map((prediction) => (
            <li key={prediction.id}>
              <PredictionCard prediction={prediction} onExplain={() => explain(prediction)} />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
