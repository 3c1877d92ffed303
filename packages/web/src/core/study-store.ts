/**
 * One study, live. A subscription carries what is said of the whole; trials are read page by page, and again, at most every second,
 * when the study has changed.
 */
import type { Api, FeedState } from './api.ts'
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
import type { ExportFormat, StudyBudgetInput, StudyState, TrialCore, TrialParameterInput } from './documents.types.ts'
import { ApiError, asApiError } from './errors.ts'
import { createStore, type ReadableStore } from './store.ts'

export type StudyAction = 'stopping' | 'resuming' | 'extending' | 'enqueueing'

export interface StudyViewState {
  phase: 'loading' | 'ready' | 'missing'
  study: StudyState | null
  /** By number; the first `mostTrials` of them. */
  trials: readonly TrialCore[]
  feed: FeedState
  error: ApiError | null
  action: StudyAction | null
  actionError: ApiError | null
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
const reopenMs = 1500

export function createStudyStore(api: Api, id: string): StudyStore {
  const store = createStore<StudyViewState>({
    phase: 'loading',
    study: null,
    trials: [],
    feed: 'connecting',
    error: null,
    action: null,
    actionError: null,
  })
  let closed = false
  let endFeed = (): void => {}
  let refresh: Promise<void> | null = null
  let stale = false
  void open()

  async function open(): Promise<void> {
    endFeed()
    try {
      const { study } = await api.query(studyQuery, { id })
      if (closed) return
      if (!study) return store.set({ phase: 'missing', study: null, error: null, feed: 'closed' })
      store.set({ study, error: null })
    } catch (error) {
      if (closed) return
      store.set({ error: asApiError(error), feed: 'reconnecting' })
      setTimeout(() => !closed && void open(), reopenMs)
      return
    }
    await refreshTrials()
    if (closed) return
    store.set({ phase: 'ready' })
    endFeed = api.subscribe(
      studyFeed,
      { id },
      {
        onData({ studyUpdated }) {
          store.set({ study: studyUpdated })
          void refreshTrials()
        },
        onState(feed) {
          store.set({ feed })
          // A server that shuts down, or a study that was deleted, ends the stream.
          if (feed === 'closed') setTimeout(() => !closed && void open(), reopenMs)
        },
        onError: (error) => store.set({ error, feed: 'closed' }),
      },
    )
  }

  /** Reads all trials; while it does, and for a second after that, further wishes are one wish. */
  function refreshTrials(): Promise<void> {
    if (refresh !== null) {
      stale = true
      return refresh
    }
    refresh = readTrials().then((reading) => {
      setTimeout(() => {
        refresh = null
        if (stale && !closed) void refreshTrials()
        stale = false
      }, refreshMs)
      return reading
    })
    return refresh
  }

  async function readTrials(): Promise<void> {
    const trials: TrialCore[] = []
    try {
      for (let after: string | null = null; trials.length < mostTrials; ) {
        const page: Awaited<ReturnType<typeof readPage>> = await readPage(after)
        if (closed || !page) return
        trials.push(...page.edges.map(({ node }) => node))
        if (!page.pageInfo.hasNextPage) break
        after = page.pageInfo.endCursor
      }
      store.set({ trials, error: null })
    } catch (error) {
      if (!closed) store.set({ error: asApiError(error) })
    }
  }

  const readPage = async (after: string | null) =>
    (await api.query(trialsQuery, { id, first: pageSize, after })).study?.trials ?? null

  async function act(
    action: StudyAction,
    work: () => Promise<{ __typename: string; message?: string }>,
  ): Promise<boolean> {
    store.set({ action, actionError: null })
    try {
      const { message } = await work()
      if (message !== undefined) throw new ApiError('REFUSED', message)
      store.set({ action: null })
      return true
    } catch (error) {
      store.set({ action: null, actionError: asApiError(error) })
      return false
    }
  }

  return {
    get: store.get,
    subscribe: store.subscribe,
    retry: open,
    stop: () => act('stopping', async () => (await api.mutate(stopStudyMutation, { id })).stopStudy),
    resume: () => act('resuming', async () => (await api.mutate(resumeStudyMutation, { id })).resumeStudy),
    extend: (budget) =>
      act('extending', async () => (await api.mutate(extendStudyMutation, { id, budget })).extendStudy),
    enqueue: (parameters) =>
      act('enqueueing', async () => (await api.mutate(enqueueTrialMutation, { study: id, parameters })).enqueueTrial),
    async export(format) {
      const { study } = await api.query(studyExportQuery, { id, format })
      if (!study) throw new ApiError('NOT_FOUND', 'The study is gone: it may have been deleted.')
      return study.export
    },
    close() {
      closed = true
      endFeed()
    },
  }
}
