/** The evaluation store over the printed schema, executed in place of a server. */
import { readFileSync } from 'node:fs'
import { stringifyDocument } from '@urql/core'
import { buildSchema, graphql } from 'graphql'
import { expect, test } from 'vitest'
import type { Api } from './api.ts'
import type { ExplainInput, JobsFeed } from './documents.types.ts'
import { createEvaluationStore, type EvaluationState, type EvaluationStore, subjectsOf } from './evaluation-store.ts'

const schema = buildSchema(readFileSync(new URL('../../../api/schema.graphql', import.meta.url), 'utf8'))

/** A run that can be evaluated: `finish` ends the job, and then its splits are there. */
class Server {
  splits: string[] = ['valid']
  job: { id: string; kind: string; status: string; run: { id: string }; skipped: [] } | null = null
  refusal: string | null = null
  /** What was to be explained. */
  asked: ExplainInput | null = null
  tell: (data: JobsFeed) => void = () => {}

  readonly api: Api = {
    query: (document, variables) => this.#execute(stringifyDocument(document), variables ?? {}),
    mutate: (document, variables) => this.#execute(stringifyDocument(document), variables ?? {}),
    put: async () => {},
    subscribe: (_document, _variables, { onData, onState }) => {
      this.tell = (data) => onData(data as never)
      onState('live')
      return () => {}
    },
  }

  finish(): void {
    if (!this.job) throw new Error('nothing was asked')
    this.job = { ...this.job, status: 'SUCCEEDED' }
    this.splits = ['train', 'valid', 'test']
    this.tell({ jobs: { job: { progress: null, error: null, ...this.job } as JobsFeed['jobs']['job'] } })
  }

  async #execute<Data>(source: string, variableValues: object): Promise<Data> {
    const rootValue = {
      run: {
        evaluations: this.splits.map(evaluation),
        dataset: { id: 'd1' },
        jobs: this.job ? [this.job] : [],
        checkpoints: [{ id: 'm1', kind: 'best' }],
      },
      explain: ({ input }: { input: ExplainInput }) => {
        this.asked = input
        return { __typename: 'ExplainSuccess', job: { id: 'j2' } }
      },
      evaluate: () => {
        if (this.refusal) return { __typename: 'Conflict', message: this.refusal }
        this.job = { id: 'j1', kind: 'evaluate', status: 'QUEUED', run: { id: 'r1' }, skipped: [] }
        return { __typename: 'EvaluateSuccess', job: this.job }
      },
    }
    const { data, errors } = await graphql({ schema, source, rootValue, variableValues: { ...variableValues } })
    if (errors) throw errors[0]
    return data as Data
  }
}

const mistake = (path: string) => ({
  path,
  actual: 'cat',
  predicted: 'dog',
  loss: 3,
  confidence: 0.9,
  probability: 0.05,
})

const evaluation = (split: string) => ({
  split,
  n: 2,
  loss: 0.5,
  accuracy: 1,
  f1Weighted: 1,
  f1Micro: 1,
  f1Macro: 1,
  confusion: [],
  topK: [],
  scores: [],
  byClass: [],
  mostConfused: [{ actual: 'cat', predicted: 'dog', count: 5, images: ['cat/1.jpg', 'cat/2.jpg'].map(mistake) }],
  topLosses: [],
  bottomLosses: [],
  slices: [],
  nearDuplicates: [],
})

async function until(store: EvaluationStore, met: (state: EvaluationState) => boolean): Promise<EvaluationState> {
  await expect.poll(() => met(store.get())).toBe(true)
  return store.get()
}

test('what is there is shown, and what an evaluation finds takes its place when its job has ended, the test split first', async () => {
  const server = new Server()
  const store = createEvaluationStore(server.api, 'r1')
  const before = await until(store, ({ phase }) => phase === 'ready')
  expect(before.evaluations.map(({ split }) => split)).toEqual(['valid'])
  await store.evaluate()
  expect(store.get().job?.status).toBe('QUEUED')
  server.finish()
  const after = await until(store, ({ evaluations }) => evaluations.length === 3)
  expect(after.evaluations.map(({ split }) => split)).toEqual(['test', 'valid', 'train'])
  expect(after.job?.status).toBe('SUCCEEDED')
})

test('a refused evaluation says why, and news of other runs are not of this one', async () => {
  const server = new Server()
  server.refusal = 'Run 1 has no checkpoint yet'
  const store = createEvaluationStore(server.api, 'r1')
  await until(store, ({ phase }) => phase === 'ready')
  await store.evaluate()
  expect(store.get().error?.message).toBe('Run 1 has no checkpoint yet')
  const other = { id: 'j9', kind: 'evaluate', status: 'RUNNING', run: { id: 'r2' }, progress: null, error: null }
  server.tell({ jobs: { job: other as JobsFeed['jobs']['job'] } })
  expect(store.get().job).toBeNull()
})

test('the images of a confused pair are explained: why they were taken for the one class, and what spoke for the other', async () => {
  const server = new Server()
  const store = createEvaluationStore(server.api, 'r1')
  const { evaluations, dataset } = await until(store, ({ phase }) => phase === 'ready')
  const [pair] = evaluations[0]?.mostConfused ?? []
  if (!pair || dataset === null) throw new Error('nothing was confused')
  expect(await store.explain(subjectsOf(pair, dataset))).toBe('j2')
  expect(server.asked).toMatchObject({
    model: 'm1',
    images: [
      { dataset: 'd1', path: 'cat/1.jpg' },
      { dataset: 'd1', path: 'cat/2.jpg' },
    ],
    labels: ['dog', 'cat'],
  })
})
