/**
 * One study, live. A subscription carries what is said of the whole; trials are read page by page, and again, at most every second,
 * when the study has changed.
 */
import type { Api } from './api.ts'
import {
  enqueueTrialMutation,
  extendStudyMutation,
  resumeStudyMutation,
  stopStudyMutation,
  studyExportQuery,
  studyFeed,
  studyQuery,
  trialsQuery,
} from './documents.ts'
import type {
  ExportFormat,
  StudyBudgetInput,
  StudyState,
  TrialCore,
  TrialParameterInput,
  TrialsQuery,
} from './documents.types.ts'
import { ApiError, asApiError } from './errors.ts'
import { type LiveState, newlyOpened, openLive } from './live-object.ts'
import { createStore, type ReadableStore } from './store.ts'

export type StudyAction = 'stopping' | 'resuming' | 'extending' | 'enqueueing'

export interface StudyViewState extends LiveState<StudyAction> {
  study: StudyState | null
  /** By number; the first `mostTrials` of them. */
  trials: readonly TrialCore[]
}

export interface StudyStore extends ReadableStore<StudyViewState> {
  stop(): Promise<boolean>
  resume(): Promise<boolean>
  extend(budget: StudyBudgetInput): Promise<boolean>
  enqueue(parameters: TrialParameterInput[]): Promise<boolean>
  /** @throws {ApiError} */
  export(format: ExportFormat): Promise<string>
  retry(): Promise<void>
  /** Ends the subscription; the store is of no use afterwards. */
  close(): void
}

const pageSize = 200
/** A table of more is nothing that anybody reads; an export has all. */
export const mostTrials = 1000
const refreshMs = 1000

export function createStudyStore(api: Api, id: string): StudyStore {
  const store = createStore<StudyViewState>({ ...newlyOpened, study: null, trials: [] })
  let refreshing = false
  let stale = false
  const live = openLive(store, {
    async read() {
      const [{ study }, trials] = await Promise.all([api.query(studyQuery, { id }), readTrials()])
      return study && { study, trials }
    },
    show: (whole) => store.set(whole),
    follow: (handlers) =>
      api.subscribe(studyFeed, { id }, { ...handlers, onData: ({ studyUpdated }) => handlers.onData(studyUpdated) }),
    update(study: StudyState) {
      store.set({ study })
      void refreshTrials()
    },
  })

  /** Reads all trials; while it does, and for a second after that, further wishes are one wish. */
  async function refreshTrials(): Promise<void> {
    stale = refreshing
    if (refreshing) return
    refreshing = true
    try {
      const trials = await readTrials()
      if (!live.closed) store.set({ trials, error: null })
    } catch (error) {
      if (!live.closed) store.set({ error: asApiError(error) })
    }
    setTimeout(() => {
      refreshing = false
      if (stale && !live.closed) void refreshTrials()
    }, refreshMs)
  }

  async function readTrials(): Promise<TrialCore[]> {
    const trials: TrialCore[] = []
    let next: { after: string | null } | null = { after: null }
    while (next && trials.length < mostTrials) {
      const { study }: TrialsQuery = await api.query(trialsQuery, { id, first: pageSize, after: next.after })
      trials.push(...(study?.trials.edges ?? []).map(({ node }) => node))
      next = study?.trials.pageInfo.hasNextPage ? { after: study.trials.pageInfo.endCursor } : null
    }
    return trials
  }

  return {
    get: store.get,
    subscribe: store.subscribe,
    retry: live.open,
    stop: () => live.act('stopping', async () => (await api.mutate(stopStudyMutation, { id })).stopStudy),
    resume: () => live.act('resuming', async () => (await api.mutate(resumeStudyMutation, { id })).resumeStudy),
    extend: (budget) =>
      live.act('extending', async () => (await api.mutate(extendStudyMutation, { id, budget })).extendStudy),
    enqueue: (parameters) =>
      live.act(
        'enqueueing',
        async () => (await api.mutate(enqueueTrialMutation, { study: id, parameters })).enqueueTrial,
      ),
    async export(format) {
      const { study } = await api.query(studyExportQuery, { id, format })
      if (!study) throw new ApiError('NOT_FOUND', 'The study is gone: it may have been deleted.')
      return study.export
    },
    close: live.close,
  }
}
