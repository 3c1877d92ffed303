/** The run store over a real connection: an HTTP server with graphql-js and graphql-sse on the printed schema. */
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildSchema, execute, graphql, subscribe, validate } from 'graphql'
import { createHandler } from 'graphql-sse/lib/use/http'
import { afterEach, expect, test } from 'vitest'
import { createApi } from './api.ts'
import { createRunStore, mergeLog, type RunStore, type RunViewState } from './run-store.ts'

const schema = buildSchema(readFileSync(new URL('../../../api/schema.graphql', import.meta.url), 'utf8'))
const cleanUp: (() => void)[] = []
afterEach(() => {
  for (const end of cleanUp.splice(0)) end()
})

/** One run whose loss grows when `step` is called; every open subscription is told. */
class Training {
  steps = 0
  lines: string[] = []
  sinceSteps: number[] = []
  deleted = false
  #wake = new Set<() => void>()

  step(count: number): void {
    this.steps += count
    this.lines.push(`step ${this.steps}`)
    this.tell()
  }

  tell(): void {
    for (const wake of this.#wake) wake()
  }

  delete(): void {
    this.deleted = true
    this.tell()
  }

  view(sentBefore: number): object {
    const points = (since: number) =>
      Array.from({ length: this.steps - since }, (_, i) => ({ step: since + i + 1, value: 1 / (since + i + 1) }))
    return {
      __typename: 'Run',
      id: 'r1',
      name: 'one',
      status: 'RUNNING',
      attempt: 1,
      createdAt: '2026-11-23T12:00:00.000Z',
      dataset: { id: 'd', name: 'photos' },
      config,
      epochs: [],
      series: ({ metric }: { metric: string }) => ({
        metric,
        points: metric === 'loss' ? points(sentBefore) : [],
        total: 0,
      }),
      log: ({ last }: { last: number }) => ({
        edges: this.lines
          .map((message, i) => ({ cursor: `c${i}`, node: { at: '2026-11-23T12:00:00.000Z', level: 'info', message } }))
          .slice(-last),
      }),
    }
  }

  updates(sinceStep: number): AsyncGenerator<object> {
    if (this.deleted) throw new Error('There is no run r1')
    return this.#updates(sinceStep)
  }

  async *#updates(sinceStep: number): AsyncGenerator<object> {
    this.sinceSteps.push(sinceStep)
    let sent = Math.max(0, sinceStep)
    let wake = (): void => {}
    const listener = (): void => wake()
    this.#wake.add(listener)
    try {
      while (!this.deleted) {
        const update = this.view(sent)
        sent = this.steps
        yield { runUpdated: update }
        if (sent === this.steps) await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      this.#wake.delete(listener)
    }
  }
}

const config = {
  arch: 'resnet18',
  size: 64,
  batch: 16,
  epochs: 3,
  freezeEpochs: 0,
  bodyNorm: 'train',
  baseLr: 0.002,
  lrMult: 1,
  weightDecay: 0.01,
  decayNorms: false,
  schedule: 'flat_cos',
  pctStart: 0.75,
  warmup: 0,
  gamma: 0.1,
  stepEpochs: 10,
  plateauPatience: 10,
  optimizer: 'adamw',
  momentum: 0.9,
  beta2: 0.99,
  epsilon: 1e-5,
  accumulate: 1,
  labelSmoothing: 0.1,
  classWeights: 'none',
  augmentation: { preset: 'none' },
  mixup: 0,
  cutmix: 0,
  head: 'concat',
  monitor: 'validLoss',
  seed: 42,
  valid: 0.2,
  folds: null,
  fold: 0,
  shuffle: true,
  sampling: 'shuffle',
  progressive: [],
}
async function serve(training: Training, token: string): Promise<{ server: Server; endpoint: string }> {
  const stream = createHandler({
    schema,
    // One instance of graphql-js: the handler's own import may resolve to its other module format.
    validate,
    execute,
    subscribe: (args) =>
      subscribe({ ...args, rootValue: { runUpdated: (a: { sinceStep: number }) => training.updates(a.sinceStep) } }),
  })
  const server = createServer(async (request, response) => {
    if (request.headers.authorization !== `Bearer ${token}`) return response.writeHead(401).end()
    if (request.url === '/graphql/stream') return stream(request, response)
    let body = ''
    for await (const chunk of request) body += chunk
    const { query, variables } = JSON.parse(body)
    const rootValue = { run: ({ id }: { id: string }) => (id === 'r1' && !training.deleted ? training.view(0) : null) }
    const result = await graphql({ schema, source: query, rootValue, variableValues: variables })
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql` }
}

function follow(endpoint: string, id: string): RunStore {
  const store = createRunStore(createApi({ endpoint, getToken: async () => 'secret' }), id)
  cleanUp.push(() => store.close())
  return store
}

/** Resolves with the first state that meets the condition; the test's time limit ends a wait in vain. */
function until(store: RunStore, condition: (state: RunViewState) => boolean): Promise<RunViewState> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (!condition(store.get())) return
      leave()
      resolve(store.get())
    }
    const leave = store.subscribe(check)
    check()
  })
}

test('a run is loaded once and then grows by what each event brings', async () => {
  const training = new Training()
  training.step(3)
  const { endpoint } = await serve(training, 'secret')
  const store = follow(endpoint, 'r1')
  const loaded = await until(store, (state) => state.feed === 'live')
  expect(loaded.curves.loss).toEqual({ steps: [1, 2, 3], values: [1, 1 / 2, 1 / 3] })
  training.step(2)
  const grown = await until(store, (state) => state.curves.loss.steps.length === 5)
  expect(grown.curves.loss.steps).toEqual([1, 2, 3, 4, 5])
  expect(grown.log.map((line) => line.node.message)).toEqual(['step 3', 'step 5'])
  expect(training.sinceSteps).toEqual([-1])
})

test('a broken connection leaves the curve on view and is taken up again', async () => {
  const training = new Training()
  training.step(2)
  const { server, endpoint } = await serve(training, 'secret')
  const store = follow(endpoint, 'r1')
  await until(store, (state) => state.feed === 'live' && state.curves.loss.steps.length === 2)
  server.closeAllConnections()
  const broken = await until(store, (state) => state.feed === 'reconnecting')
  expect(broken.curves.loss.steps).toEqual([1, 2])
  training.step(4)
  const back = await until(store, (state) => state.feed === 'live' && state.curves.loss.steps.length === 6)
  expect(back.error).toBeNull()
})

test('a run that does not exist is missing, not an error', async () => {
  const { endpoint } = await serve(new Training(), 'secret')
  const state = await until(follow(endpoint, 'r2'), ({ phase }) => phase !== 'loading')
  expect([state.phase, state.error]).toEqual(['missing', null])
})

test('a run that is deleted while it is watched is missing then', async () => {
  const training = new Training()
  const { endpoint } = await serve(training, 'secret')
  const store = follow(endpoint, 'r1')
  await until(store, (state) => state.feed === 'live')
  training.delete()
  await until(store, (state) => state.feed === 'reconnecting')
  const { feed } = await until(store, ({ phase }) => phase === 'missing')
  expect(feed).toBe('closed')
})

test('a server that is not there is an error that names the endpoint and the cure', async () => {
  const { server, endpoint } = await serve(new Training(), 'secret')
  await new Promise((resolve) => server.close(resolve))
  const { error } = await until(follow(endpoint, 'r1'), (state) => state.error !== null)
  expect(error?.code).toBe('UNREACHABLE')
  expect(error?.message).toContain(endpoint)
  expect(error?.cure).toContain('npm start')
})

test('a refused token is an error of its own, not a server that is away', async () => {
  const { endpoint } = await serve(new Training(), 'another')
  const { error } = await until(follow(endpoint, 'r1'), (state) => state.error !== null)
  expect(error?.code).toBe('UNAUTHENTICATED')
})

test('log lines that are known already are not repeated', () => {
  const line = (cursor: string) => ({ cursor, node: { at: '', level: 'info' as const, message: cursor } })
  const log = [line('a'), line('b')]
  expect(mergeLog(log, [line('b'), line('c')]).map(({ cursor }) => cursor)).toEqual(['a', 'b', 'c'])
  expect(mergeLog(log, [line('a')])).toBe(log)
})
