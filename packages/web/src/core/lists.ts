/** The lists of the console. */
import type { Api } from './api.ts'
import { runsFeed, runsQuery, studiesFeed, studiesQuery } from './documents.ts'
import type { RunSummary, StudySummary } from './documents.types.ts'
import { createListStore, type ListStore } from './live-list.ts'
import { filterStatuses, matchesFilter } from './run-status.ts'
import type { StatusFilter } from './view.ts'

/** Runs of a status; those of trials are listed with their study. */
export function createRunList(api: Api, filter: StatusFilter): ListStore<RunSummary> {
  const status = filterStatuses[filter]
  return createListStore<RunSummary>({
    page: async (first, after) =>
      (await api.query(runsQuery, { filter: { ofStudies: false, ...(status && { status }) }, first, after })).runs,
    follow: (handlers) =>
      api.subscribe(
        runsFeed,
        {},
        { ...handlers, onData: ({ runs: { id, run } }) => handlers.onData({ id, item: run }) },
      ),
    belongs: (run) => run.study === null && matchesFilter(run.status, filter),
  })
}

export function createStudyList(api: Api): ListStore<StudySummary> {
  return createListStore<StudySummary>({
    page: async (first, after) => (await api.query(studiesQuery, { first, after })).studies,
    follow: (handlers) =>
      api.subscribe(
        studiesFeed,
        {},
        { ...handlers, onData: ({ studies: { id, study } }) => handlers.onData({ id, item: study }) },
      ),
  })
}
