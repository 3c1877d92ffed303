/** Why a model says what it says: the images that were explained, and one of them in full. */
import { type ReactElement, useCallback, useState } from 'react'
import { methodNames } from '../../core/explain.ts'
import {
  createExplanationsStore,
  type Explanation,
  type ExplanationsStore,
  type How,
} from '../../core/explanations-store.ts'
import { formatPercent } from '../../core/format.ts'
import { isUnderWay } from '../../core/jobs.ts'
import { useConsole, useOwnedStore, useStoreState } from '../context.ts'
import { JobLine } from '../job-line.tsx'
import { MissingRun, PageHeader } from '../page.tsx'
import { ErrorNotice, Panel, ViewLink } from '../parts.tsx'
import { ExplanationViewer } from './explanation-viewer.tsx'

export function ExplanationsView({ run, job }: { run: string; job: string | undefined }): ReactElement | null {
  const { api } = useConsole()
  const store = useOwnedStore(useCallback(() => createExplanationsStore(api, run, job), [api, run, job]))
  return store && <LoadedExplanations store={store} runId={run} jobId={job} />
}

function LoadedExplanations(props: {
  store: ExplanationsStore
  runId: string
  jobId: string | undefined
}): ReactElement {
  const { store, runId, jobId } = props
  const { router } = useConsole()
  const state = useStoreState(store)
  const [chosen, choose] = useState<string | null>(null)
  const { run, explanations, job, error } = state
  const shown = explanations.find(({ id }) => id === chosen) ?? explanations[0]
  const nothing = state.phase === 'ready' && !shown && !isUnderWay(job) && job?.status !== 'FAILED'

  async function explain(how: How): Promise<void> {
    if (!shown) return
    const asked = await store.explain(shown, how)
    if (asked !== null) router.go({ name: 'explanations', run: runId, job: asked })
  }

  if (state.phase === 'missing') return <MissingRun id={runId} />
  return (
    <>
      <PageHeader
        back={{ to: { name: 'run', id: runId }, label: run?.name ?? 'The run' }}
        title={<h1>Explanations</h1>}
        about={<p className="muted">What in an image speaks for a class, and what against it.</p>}
        actions={
          <>
            {jobId !== undefined && (
              <ViewLink to={{ name: 'explanations', run: runId }} className="button">
                All of this run
              </ViewLink>
            )}
            <ViewLink to={{ name: 'predict', run: runId }} className="button">
              Try it
            </ViewLink>
          </>
        }
      />
      {error && <ErrorNotice error={error} onRetry={() => void store.retry()} />}
      {job && (isUnderWay(job) || job.status === 'FAILED' || job.status === 'STOPPED') && (
        <section className="panel explaining" aria-label="Under way">
          <JobLine job={job} what="explanation" />
        </section>
      )}
      {nothing && (
        <Panel title="Nothing explained yet">
          <p className="placeholder">
            Bring an image on <ViewLink to={{ name: 'predict', run: runId }}>Try it</ViewLink>, or explain the worst
            images of the run’s evaluation.
          </p>
        </Panel>
      )}
      {explanations.length > 1 && (
        <ul className="gallery" aria-label="Explained images" data-testid="gallery">
          {explanations.map((explanation) => (
            <li key={explanation.id}>
              <GalleryButton
                explanation={explanation}
                pressed={explanation.id === shown?.id}
                onChoose={() => choose(explanation.id)}
              />
            </li>
          ))}
        </ul>
      )}
      {shown && <ExplanationViewer key={shown.id} explanation={shown} onExplain={explain} />}
    </>
  )
}

function GalleryButton(props: { explanation: Explanation; pressed: boolean; onChoose: () => void }): ReactElement {
  const { image, picture, actual, labels, method } = props.explanation
  const [first] = labels
  return (
    <button type="button" aria-pressed={props.pressed} title={image} onClick={props.onChoose}>
      <img src={picture} alt={image} />
      {actual !== null && actual !== first?.label ? (
        <strong className="is-wrong">
          {actual} → {first?.label}
        </strong>
      ) : (
        <strong>{first?.label}</strong>
      )}
      <span className="muted">
        {formatPercent(first?.probability)}, {methodNames[method]}
      </span>
    </button>
  )
}
