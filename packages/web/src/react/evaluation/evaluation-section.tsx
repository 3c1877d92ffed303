/** What the best weights are worth: every split side by side, then one of them in full. */
import { type ReactElement, useCallback, useState } from 'react'
import { calibratedBy, describeCalibration } from '../../core/calibration.ts'
import type { Checkpoint, RunStatus } from '../../core/documents.types.ts'
import {
  createEvaluationStore,
  type Evaluation,
  type EvaluationState,
  type EvaluationStore,
  type Subjects,
} from '../../core/evaluation-store.ts'
import { isUnderWay } from '../../core/jobs.ts'
import { useConsole, useOwnedStore, useStoreState } from '../context.ts'
import { JobLine } from '../job-line.tsx'
import { ErrorNotice, Panel } from '../parts.tsx'
import { ByClass } from './by-class.tsx'
import { Confusion } from './confusion.tsx'
import { MostConfused } from './most-confused.tsx'
import { NearDuplicates } from './near-duplicates.tsx'
import { Overall } from './overall.tsx'
import { Reliability } from './reliability.tsx'
import { Samples } from './samples.tsx'
import { Slices } from './slices.tsx'
import { splitNames } from './split-names.ts'

interface SectionProps {
  runId: string
  status: RunStatus
  canEvaluate: boolean
}

export function EvaluationSection(props: SectionProps): ReactElement | null {
  const { runId } = props
  const { api } = useConsole()
  const store = useOwnedStore(useCallback(() => createEvaluationStore(api, runId), [api, runId]))
  return store && <LoadedSection store={store} {...props} />
}

function LoadedSection(props: SectionProps & { store: EvaluationStore }): ReactElement | null {
  const { store, status, canEvaluate, runId } = props
  const state = useStoreState(store)
  const { router } = useConsole()
  const [asking, setAsking] = useState(false)
  const [chosen, choose] = useState<Evaluation['split'] | null>(null)
  const { evaluations, model, job, error } = state
  const shown = evaluations.find(({ split }) => split === chosen) ?? evaluations[0]

  async function ask(which: Subjects): Promise<void> {
    setAsking(true)
    const asked = await store.explain(which)
    setAsking(false)
    if (asked !== null) router.go({ name: 'explanations', run: runId, job: asked })
  }
  const explain = (which: Subjects): void => void ask(which)

  if (!shown && !canEvaluate && !error) return null
  return (
    <Panel
      title="Evaluation"
      note={shown ? 'of the best weights, without augmentation' : ''}
      testId="evaluation"
      actions={<EvaluateButton job={job} store={store} offered={canEvaluate} again={evaluations.some(isFull)} />}
    >
      {error && (
        <div className="panel-body">
          <ErrorNotice error={error} onRetry={store.retry} />
        </div>
      )}
      <JobLine job={job} what="evaluation" />
      {model && (
        <p className="panel-body muted" data-testid="model-calibration">
          {describeCalibration(model, status, isUnderWay(job))}.
        </p>
      )}
      {shown ? (
        <>
          <Overall evaluations={evaluations} />
          <SplitTabs evaluations={evaluations} shown={shown.split} onChoose={choose} />
          {model !== null && <ExplainButtons evaluation={shown} asking={asking} onExplain={explain} />}
          <OneSplit
            key={shown.split}
            evaluation={shown}
            model={model}
            dataset={state.dataset}
            asking={asking}
            onExplain={explain}
          />
        </>
      ) : (
        state.phase === 'ready' && !isUnderWay(job) && <p className="placeholder">Not evaluated yet.</p>
      )}
    </Panel>
  )
}

/** What only an evaluation gives, besides a run's own report on its test images. */
const isFull = ({ scores }: Evaluation): boolean => scores.length > 0

function EvaluateButton(props: {
  job: EvaluationState['job']
  store: EvaluationStore
  offered: boolean
  again: boolean
}): ReactElement | null {
  const { job, store, offered, again } = props
  if (!offered || isUnderWay(job)) return null
  return (
    <button type="button" className="button is-quiet" data-testid="evaluate" onClick={() => void store.evaluate()}>
      {again ? 'Evaluate again' : 'Evaluate'}
    </button>
  )
}

function SplitTabs(props: {
  evaluations: readonly Evaluation[]
  shown: Evaluation['split']
  onChoose: (split: Evaluation['split']) => void
}): ReactElement | null {
  if (props.evaluations.length < 2) return null
  return (
    <div className="panel-body">
      <fieldset className="segments" aria-label="Split in full">
        {props.evaluations.map(({ split }) => (
          <button
            key={split}
            type="button"
            aria-pressed={split === props.shown}
            data-testid={`show-${split}`}
            onClick={() => props.onChoose(split)}
          >
            {splitNames[split]}
          </button>
        ))}
      </fieldset>
    </div>
  )
}

/** Why it did worst where it did worst. */
function ExplainButtons(props: {
  evaluation: Evaluation
  asking: boolean
  onExplain: (which: Subjects) => void
}): ReactElement | null {
  const { evaluation, asking, onExplain } = props
  const { split, topLosses, mostConfused } = evaluation
  if (topLosses.length === 0) return null
  const pairs = Math.min(mostExplained, mostConfused.filter(({ images }) => images.length > 0).length)
  return (
    <div className="panel-body explain-buttons">
      <button
        type="button"
        className="button"
        disabled={asking}
        data-testid="explain-worst"
        onClick={() => onExplain({ topLosses: Math.min(mostExplained, topLosses.length), split })}
      >
        Explain the worst images
      </button>
      {pairs > 0 && (
        <button
          type="button"
          className="button"
          disabled={asking}
          data-testid="explain-confused"
          onClick={() => onExplain({ confusedPairs: pairs, split })}
        >
          Explain confused pairs
        </button>
      )}
    </div>
  )
}

/** Images of one question: each takes a thousand answers of the model. */
const mostExplained = 8

function OneSplit(props: {
  evaluation: Evaluation
  model: Checkpoint | null
  dataset: string | null
  asking: boolean
  onExplain: (which: Subjects) => void
}): ReactElement {
  const { evaluation, model, dataset, asking, onExplain } = props
  return (
    <div className="evaluation" data-testid={`evaluation-${evaluation.split}`}>
      <ByClass evaluation={evaluation} />
      <Reliability evaluation={evaluation} calibratedBy={calibratedBy(evaluation, model)} />
      <Confusion evaluation={evaluation} />
      <MostConfused evaluation={evaluation} dataset={model && dataset} asking={asking} onExplain={onExplain} />
      <Samples title="Worst images" samples={evaluation.topLosses} testId="worst" />
      <Samples title="Best images" samples={evaluation.bottomLosses} testId="best" />
      <Slices evaluation={evaluation} />
      <NearDuplicates evaluation={evaluation} />
    </div>
  )
}
