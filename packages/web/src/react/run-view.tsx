/** One run: where it stands, its curves, its epochs, and how to stop it or let it go on. */
import { type ReactElement, useCallback } from 'react'
import { isActive } from '../core/run-status.ts'
import { createRunStore, type RunStore } from '../core/run-store.ts'
import { useConsole, useOwnedStore, useStoreState } from './context.ts'
import { EpochTable } from './epoch-table.tsx'
import { EvaluationSection } from './evaluation/evaluation-section.tsx'
import { LoadingPage, MissingRun } from './page.tsx'
import { ErrorNotice } from './parts.tsx'
import { RunCharts } from './run-charts.tsx'
import { ConfigPanel, SetupPanel } from './run-facts.tsx'
import { RunHeader } from './run-header.tsx'
import { RunLog } from './run-log.tsx'
import { RunProblem } from './run-problem.tsx'
import { RunSummaryPanel } from './run-summary.tsx'

export function RunView({ id }: { id: string }): ReactElement {
  const { api } = useConsole()
  const store = useOwnedStore(useCallback(() => createRunStore(api, id), [api, id]))
  return store ? <LoadedRun store={store} id={id} /> : <LoadingPage of="run" />
}

function LoadedRun({ store, id }: { store: RunStore; id: string }): ReactElement {
  const state = useStoreState(store)
  const { run, curves } = state
  if (state.phase === 'missing') return <MissingRun id={id} />
  if (!run) return state.error ? <ErrorNotice error={state.error} onRetry={store.retry} /> : <LoadingPage of="run" />
  return (
    <>
      <RunHeader run={run} state={state} store={store} />
      {state.error && <ErrorNotice error={state.error} onRetry={store.retry} />}
      {state.actionError && <ErrorNotice error={state.actionError} />}
      <RunProblem run={run} />
      <RunSummaryPanel run={run} />
      <RunCharts curves={curves} active={isActive(run.status)} />
      <EvaluationSection runId={id} status={run.status} canEvaluate={run.best !== null} />
      <div className="columns">
        <div className="stack">
          <EpochTable run={run} />
          <RunLog lines={state.log} />
        </div>
        <div className="stack">
          <ConfigPanel config={run.config} />
          <SetupPanel setup={run.setup} />
        </div>
      </div>
    </>
  )
}
