/** The stores of predictions and explanations over the printed schema, executed in place of a server. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { stringifyDocument } from '@urql/core'
import { buildSchema, graphql } from 'graphql'
import { expect, test } from 'vitest'
import type { Api } from './api.ts'
import type { JobsFeed } from './documents.types.ts'
import { createExplanationsStore } from './explanations-store.ts'
import { createPredictStore } from './predict-store.ts'

const schema = buildSchema(readFileSync(new URL('../../../api/schema.graphql', import.meta.url), 'utf8'))

interface Asked {
  images: { upload: string }[]
  [setting: string]: unknown
}

/** A run with a checkpoint. What is sent is kept; `finish` ends the job that was asked for. */
class Server {
  readonly sent: { path: string; body: string }[] = []
  readonly hashes: string[] = []
  asked: Asked | null = null
  kind: 'predict' | 'explain' = 'predict'
  refusal: string | null = null
  endsAtOnce = false
  status = 'QUEUED'
  tell: (data: JobsFeed) => void = () => {}

  readonly api: Api = {
    query: (document, variables) => this.#execute(stringifyDocument(document), variables ?? {}),
    mutate: (document, variables) => this.#execute(stringifyDocument(document), variables ?? {}),
    put: async (path, body) => void this.sent.push({ path, body: Buffer.from(body).toString() }),
    subscribe: (_document, _variables, { onData, onState }) => {
      this.tell = (data) => onData(data as never)
      onState('live')
      return () => {}
    },
  }

  get job() {
    return {
      id: 'j1',
      kind: this.kind,
      status: this.status,
      run: { id: 'r1' },
      progress: null,
      error: null,
      skipped: [],
    }
  }

  finish(): void {
    this.status = 'SUCCEEDED'
    this.tell({ jobs: { job: this.job as JobsFeed['jobs']['job'] } })
  }

  async #execute<Data>(source: string, variableValues: object): Promise<Data> {
    const done = this.status === 'SUCCEEDED'
    const ask = (kind: 'predict' | 'explain', typename: string) => (args: { input: Asked }) => {
      if (this.refusal) return { __typename: 'Conflict', message: this.refusal }
      this.asked = args.input
      this.kind = kind
      const { job } = this
      if (this.endsAtOnce) this.status = 'FAILED'
      return { __typename: typename, job }
    }
    const rootValue = {
      run: { id: 'r1', name: 'Oaks', status: 'SUCCEEDED', checkpoints: [{ id: 'm1', kind: 'best', epoch: 3 }] },
      job: this.job,
      // The newest row first, as the server lists them.
      predictions: {
        edges: done ? (this.asked?.images ?? []).map(({ upload }) => ({ node: prediction(upload) })).reverse() : [],
      },
      explanations: { edges: [] },
      createUpload: ({ input }: { input: { name: string } }) => ({
        __typename: 'CreateUploadSuccess',
        upload: { id: input.name, url: `/uploads/${input.name}` },
      }),
      completeUpload: ({ sha256 }: { sha256: string }) => {
        this.hashes.push(sha256)
        return { __typename: 'CompleteUploadSuccess' }
      },
      predict: ask('predict', 'PredictSuccess'),
      explain: ask('explain', 'ExplainSuccess'),
    }
    const { data, errors } = await graphql({ schema, source, rootValue, variableValues: { ...variableValues } })
    if (errors) throw errors[0]
    return data as Data
  }
}

const prediction = (upload: string) => ({
  id: `p ${upload}`,
  image: upload,
  label: 'oak',
  confidence: 0.9,
  distance: null,
  outlier: null,
  thumbnail: 'data:,',
  createdAt: new Date(0),
  top: [{ class: 'oak', probability: 0.9 }],
  source: { upload: { id: upload }, dataset: null, path: null },
  job: { id: 'j1' },
})

const files = [new File(['leaf'], 'a.jpg'), new File(['bark'], 'b.jpg')]

test('files are sent with their hashes, and what is said of them is there in their order once the job has ended', async () => {
  const server = new Server()
  const store = createPredictStore(server.api, 'r1')
  await expect.poll(() => store.get().phase).toBe('ready')
  expect(store.get()).toMatchObject({ model: { id: 'm1' }, predictions: [] })
  await store.predict(files, { abstain: 0.5, tta: true })
  expect(server.sent).toEqual([
    { path: '/uploads/a.jpg', body: 'leaf' },
    { path: '/uploads/b.jpg', body: 'bark' },
  ])
  expect(server.hashes[0]).toBe(createHash('sha256').update('leaf').digest('hex'))
  expect(server.asked).toMatchObject({
    model: 'm1',
    images: [{ upload: 'a.jpg' }, { upload: 'b.jpg' }],
    abstain: 0.5,
    tta: true,
  })
  expect(store.get()).toMatchObject({ uploading: null, job: { status: 'QUEUED' } })
  server.finish()
  await expect.poll(() => store.get().predictions.map(({ image }) => image)).toEqual(['a.jpg', 'b.jpg'])
  const [first] = store.get().predictions
  expect(first && (await store.explain(first))).toBe('j1')
  expect(server.asked).toMatchObject({ model: 'm1', images: [{ upload: 'a.jpg' }], topLabels: 3 })
})

test('a refusal is told, and leaves the way free for another try', async () => {
  const server = new Server()
  server.refusal = 'Upload 1 is not complete'
  const store = createPredictStore(server.api, 'r1')
  await expect.poll(() => store.get().phase).toBe('ready')
  await store.predict(files, { abstain: 0, tta: false })
  expect(store.get()).toMatchObject({ uploading: null, job: null, error: { message: 'Upload 1 is not complete' } })
})

test('a job that ends before its asking is answered is not waited for', async () => {
  const server = new Server()
  const store = createPredictStore(server.api, 'r1')
  await expect.poll(() => store.get().phase).toBe('ready')
  server.endsAtOnce = true
  await store.predict(files, { abstain: 0, tta: false })
  expect(store.get()).toMatchObject({ job: { status: 'FAILED' }, predictions: [] })
})

test('the explanations of one job hear of that job only', async () => {
  const server = new Server()
  server.kind = 'explain'
  const store = createExplanationsStore(server.api, 'r1', 'j1')
  await expect.poll(() => store.get().phase).toBe('ready')
  expect(store.get().job).toMatchObject({ id: 'j1', status: 'QUEUED' })
  server.tell({ jobs: { job: { ...server.job, id: 'j2', status: 'FAILED' } as JobsFeed['jobs']['job'] } })
  expect(store.get().job).toMatchObject({ id: 'j1', status: 'QUEUED' })
  server.tell({ jobs: { job: { ...server.job, status: 'RUNNING' } as JobsFeed['jobs']['job'] } })
  expect(store.get().job).toMatchObject({ id: 'j1', status: 'RUNNING' })
})
