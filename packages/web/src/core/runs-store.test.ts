import { expect, test } from 'vitest'
import type { RunStatus, RunSummary } from './documents.types.ts'
import { applyRunEvent, type RunsState } from './runs-store.ts'
import type { StatusFilter } from './view.ts'

const run = (id: string, status: RunStatus, minute: number): RunSummary => ({
  id,
  name: `run ${id}`,
  status,
  createdAt: `2026-11-23T12:${String(minute).padStart(2, '0')}:00.000Z`,
  startedAt: null,
  finishedAt: null,
  dataset: { id: 'd', name: 'photos' },
  study: null,
  config: { arch: 'resnet18', size: 64, batch: 16, epochs: 3, freezeEpochs: 0 },
  progress: null,
  best: null,
})

const state = (filter: StatusFilter, ...runs: RunSummary[]): RunsState => ({
  phase: 'ready',
  filter,
  runs,
  totalCount: runs.length,
  next: null,
  error: null,
  feed: 'live',
})

const ids = ({ runs }: { runs: readonly RunSummary[] }): string[] => runs.map(({ id }) => id)

test('a run that was created comes first', () => {
  const after = applyRunEvent(state('all', run('a', 'RUNNING', 1)), {
    kind: 'CREATED',
    id: 'b',
    run: run('b', 'QUEUED', 2),
  })
  expect(ids(after)).toEqual(['b', 'a'])
  expect(after.totalCount).toBe(2)
})

test('a run that changed is replaced where it stands', () => {
  const before = state('all', run('b', 'RUNNING', 2), run('a', 'RUNNING', 1))
  const after = applyRunEvent(before, { kind: 'UPDATED', id: 'a', run: run('a', 'SUCCEEDED', 1) })
  expect(after.runs.map(({ status }) => status)).toEqual(['RUNNING', 'SUCCEEDED'])
})

test('a run that left the filter goes, and so does one that was deleted', () => {
  const before = state('active', run('b', 'RUNNING', 2), run('a', 'RUNNING', 1))
  expect(ids(applyRunEvent(before, { kind: 'UPDATED', id: 'b', run: run('b', 'FAILED', 2) }))).toEqual(['a'])
  expect(ids(applyRunEvent(before, { kind: 'DELETED', id: 'a', run: null }))).toEqual(['b'])
})

test('an older run of a page that is not loaded does not jump to the top', () => {
  const before = state('all', run('b', 'RUNNING', 5))
  expect(ids(applyRunEvent(before, { kind: 'UPDATED', id: 'z', run: run('z', 'RUNNING', 1) }))).toEqual(['b'])
})

test('a trial’s run is not listed: its study lists it', () => {
  const trial = { ...run('t', 'RUNNING', 9), study: { id: 's', name: 'search' } }
  const before = state('all', run('b', 'RUNNING', 5))
  expect(ids(applyRunEvent(before, { kind: 'CREATED', id: 't', run: trial }))).toEqual(['b'])
})
