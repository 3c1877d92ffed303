import { expect, test } from 'vitest'
import type { Api, FeedHandlers } from './api.ts'
import type { RunStatus, RunSummary, RunsFeed } from './documents.types.ts'
import { createRunList } from './lists.ts'

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

/** A server with these runs, and the subscription's other end. */
function server(runs: RunSummary[]) {
  const asked: unknown[] = []
  let feed: FeedHandlers<RunsFeed> | null = null
  const api = {
    async query(_document: unknown, variables: unknown) {
      asked.push(variables)
      const pageInfo = { hasNextPage: false, endCursor: null }
      return { runs: { totalCount: runs.length, pageInfo, edges: runs.map((node) => ({ node })) } }
    },
    subscribe(_document: unknown, _variables: unknown, handlers: FeedHandlers<RunsFeed>) {
      feed = handlers
      return () => {}
    },
  } as unknown as Api
  const tell = (event: RunSummary): void => feed?.onData({ runs: { id: event.id, run: event } })
  return { api, asked, tell, feed: (): FeedHandlers<RunsFeed> | null => feed }
}

test('a run that leaves the filter goes, and one that meets it comes', async () => {
  const { api, asked, tell } = server([run('b', 'RUNNING', 2), run('a', 'RUNNING', 1)])
  const list = createRunList(api, 'active')
  await expect.poll(() => list.get().phase).toBe('ready')
  expect(asked).toEqual([{ filter: { ofStudies: false, status: ['QUEUED', 'RUNNING'] }, first: 50, after: null }])
  tell(run('b', 'FAILED', 2))
  expect(list.get().items.map(({ id }) => id)).toEqual(['a'])
  tell(run('c', 'QUEUED', 3))
  expect(list.get()).toMatchObject({ items: [{ id: 'c' }, { id: 'a' }], totalCount: 2 })
})

test('a trial’s run is not listed: its study lists it', async () => {
  const { api, tell } = server([run('b', 'RUNNING', 5)])
  const list = createRunList(api, 'all')
  await expect.poll(() => list.get().phase).toBe('ready')
  tell({ ...run('t', 'RUNNING', 9), study: { id: 's', name: 'search' } })
  expect(list.get().items.map(({ id }) => id)).toEqual(['b'])
})

test('a list that was cut off is read anew when it is back', async () => {
  const { api, asked, feed } = server([run('b', 'RUNNING', 5)])
  const list = createRunList(api, 'all')
  await expect.poll(() => list.get().phase).toBe('ready')
  feed()?.onState('live')
  feed()?.onState('reconnecting')
  expect(asked).toHaveLength(1)
  feed()?.onState('live')
  expect(asked).toHaveLength(2)
})
