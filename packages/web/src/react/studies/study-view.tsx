/** One study: where it stands, what is best and how sure that is, what mattered, and every trial. */
import { type ReactElement, useCallback, useState } from 'react'
import { createStudyStore, type StudyStore } from '../../core/study-store.ts'
import { useConsole, useOwnedStore, useStoreState } from '../context.ts'
import { LoadingPage, MissingStudy } from '../page.tsx'
import { ErrorNotice } from '../parts.tsx'
import { Importances } from './importances.tsx'
import { ParallelCoordinates } from './parallel-coordinates.tsx'
import { EnqueueDialog, ExtendDialog } from './study-dialogs.tsx'
import { StudyFacts } from './study-facts.tsx'
import { type StudyDialog, StudyHeader } from './study-header.tsx'
import { StudyHistory } from './study-history.tsx'
import { StudyNotices } from './study-notices.tsx'
import { StudySummaryPanel } from './study-summary.tsx'
import { TrialCurves } from './trial-curves.tsx'
import { TrialsTable } from './trials-table.tsx'

export function StudyView({ id }: { id: string }): ReactElement {
  const { api } = useConsole()
  const store = useOwnedStore(useCallback(() => createStudyStore(api, id), [api, id]))
  return store ? <LoadedStudy store={store} id={id} /> : <LoadingPage of="study" />
}

function LoadedStudy({ store, id }: { store: StudyStore; id: string }): ReactElement {
  const state = useStoreState(store)
  const [dialog, setDialog] = useState<StudyDialog | null>(null)
  const { study, trials } = state
  if (state.phase === 'missing') return <MissingStudy id={id} />
  if (!study)
    return state.error ? <ErrorNotice error={state.error} onRetry={store.retry} /> : <LoadingPage of="study" />
  const close = (): void => setDialog(null)
  return (
    <>
      <StudyHeader study={study} state={state} store={store} onDialog={setDialog} />
      {state.error && <ErrorNotice error={state.error} onRetry={store.retry} />}
      {state.actionError && dialog === null && <ErrorNotice error={state.actionError} />}
      <StudySummaryPanel study={study} />
      <StudyNotices study={study} trials={trials} />
      <div className="study-charts">
        <StudyHistory study={study} />
        <TrialCurves study={study} trials={trials} />
      </div>
      <ParallelCoordinates study={study} trials={trials} />
      <TrialsTable study={study} trials={trials} store={store} />
      <div className="columns">
        <Importances study={study} />
        <StudyFacts study={study} />
      </div>
      {dialog === 'extend' && <ExtendDialog study={study} state={state} store={store} onClose={close} />}
      {dialog === 'enqueue' && <EnqueueDialog study={study} state={state} store={store} onClose={close} />}
    </>
  )
}
