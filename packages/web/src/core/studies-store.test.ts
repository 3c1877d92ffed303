import { expect, test } from 'vitest'
import type { StudySummary } from './documents.types.ts'
import { applyStudyEvent } from './studies-store.ts'

const study = (id: string): StudySummary => ({
  id,
  name: `study ${id}`,
  status: 'RUNNING',
  outcome: null,
  createdAt: '2026-11-28T10:00:00.000Z',
  finishedAt: null,
  dataset: { id: 'd', name: 'photos' },
  config: { arch: 'resnet18', size: 64, epochs: 9, freezeEpochs: 0 },
  objectives: [{ metric: 'f1Macro', direction: 'maximize' }],
  budget: { trials: 20, epochs: null, hours: null },
  spent: { trials: 0, epochs: 0, hours: 0 },
  counts: { waiting: 0, running: 0, paused: 0, pruned: 0, complete: 0, failed: 0 },
  best: null,
})

const list = (...ids: string[]) => ({ studies: ids.map(study), totalCount: ids.length })
const ids = ({ studies }: { studies: readonly StudySummary[] }) => studies.map(({ id }) => id)

test('a new study comes first, a changed one stays where it is, a deleted one goes', () => {
  expect(ids(applyStudyEvent(list('a'), { kind: 'CREATED', id: 'b', study: study('b') }))).toEqual(['b', 'a'])
  const changed = applyStudyEvent(list('b', 'a'), {
    kind: 'UPDATED',
    id: 'a',
    study: { ...study('a'), status: 'FINISHED' },
  })
  expect(changed.studies.map(({ status }) => status)).toEqual(['RUNNING', 'FINISHED'])
  expect(applyStudyEvent(list('b', 'a'), { kind: 'DELETED', id: 'b', study: null })).toEqual(list('a'))
})

test('a study of a page that is not loaded does not jump to the top when it changes', () => {
  expect(ids(applyStudyEvent(list('b'), { kind: 'UPDATED', id: 'z', study: study('z') }))).toEqual(['b'])
})
