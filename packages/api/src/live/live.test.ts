import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { events, request, until } from '../testing/client.ts'
import { datasetFolder, onEveryDatabase } from '../testing/databases.ts'
import { trainer } from '../testing/trainer.ts'

const gid = (id: number) => Buffer.from(`Run:${id}`).toString('base64')

onEveryDatabase('live updates', (database) => {
  it('show a run from the queue to its end over one connection, with every point of its curves', async () => {
    const platform = await database.open()
    const server = await platform.listen({ port: 0 })
    const dataset = await platform.services.datasets.import(await datasetFolder())
    const { id } = await platform.services.runs.start({ datasetId: dataset.id, config: { epochs: 4 } })
    const watched = events(
      server,
      `subscription($id: ID!) { runUpdated(id: $id, sinceStep: 0) {
        status progress { step } epochs { epoch }
        loss: series(metric: loss) { points { step } } again: series(metric: loss) { points { step } }
        validLoss: series(metric: validLoss) { points { step } }
        all: series(metric: loss, sinceStep: 0) { total } } }`,
      { id: gid(id) },
    )
    const statuses: string[] = []
    const twice = { loss: new Set<number>(), again: new Set<number>() }
    const once: number[] = []
    let count = 0
    for await (const { data, errors } of watched) {
      expect(errors).toBeUndefined()
      const run = data?.runUpdated
      count += 1
      if (count === 1) await platform.startWorker(trainer({ stepMs: 30 }))
      if (statuses.at(-1) !== run.status) statuses.push(run.status)
      for (const [name, seen] of Object.entries(twice)) for (const { step } of run[name].points) seen.add(step)
      for (const { step } of run.validLoss.points) once.push(step)
      // Whichever is read later may have a point more.
      const [fewer, more] = [run.loss.points, run.again.points].sort((a, b) => a.length - b.length)
      expect(more.slice(0, fewer.length)).toEqual(fewer)
      expect(run.all.total).toBeGreaterThanOrEqual(fewer.length)
      if (run.status === 'SUCCEEDED') break
    }
    expect(statuses).toEqual(['QUEUED', 'RUNNING', 'SUCCEEDED'])
    const all = Array.from({ length: 20 }, (_, i) => i + 1)
    expect([...twice.loss]).toEqual(all)
    expect([...twice.again]).toEqual(all)
    // A metric that one field reads comes once.
    expect(once).toEqual([5, 10, 15, 20])
    // 20 steps of 30 ms, stored every 250 ms and at each epoch: not one event at the end.
    expect(count).toBeGreaterThanOrEqual(5)
  })

  it('send every point again when the run goes back to its checkpoint', async () => {
    const platform = await database.open()
    const server = await platform.listen({ port: 0 })
    await platform.startWorker(trainer({ failAt: { step: 7, error: new Error('once') } }))
    const { runs } = platform.services
    const dataset = await platform.services.datasets.import(await datasetFolder())
    const { id } = await runs.start({ datasetId: dataset.id, config: { epochs: 2 } })
    const curve = new Map<number, number>()
    let resumed = false
    const query = `subscription { runUpdated(id: "${gid(id)}", sinceStep: 0) { status series(metric: loss) { points { step value } } } }`
    for await (const { data } of events(server, query)) {
      for (const { step, value } of data?.runUpdated.series.points ?? []) curve.set(step, value)
      if (data?.runUpdated.status === 'FAILED' && !resumed) {
        resumed = true
        expect(curve.size).toBe(7)
        await runs.resume(id)
      }
      if (data?.runUpdated.status === 'SUCCEEDED') break
    }
    const { points } = await runs.series(id, { metric: 'loss', maxPoints: 100, sinceStep: null })
    expect([...curve].sort(([a], [b]) => a - b)).toEqual(points.map(({ step, value }) => [step, value]))
  })

  it('tell of every run, and end when the run is deleted or the server closes', async () => {
    const platform = await database.open()
    const server = await platform.listen({ port: 0 })
    const { runs } = platform.services
    const all = events(server, 'subscription { runs { kind id run { name } } }')
    const first = all.next()
    await until(async () => true)
    const dataset = await platform.services.datasets.import(await datasetFolder())
    await sleep(100)
    const { id } = await runs.start({ datasetId: dataset.id, name: 'one' })
    expect((await first).value).toEqual({ data: { runs: { kind: 'CREATED', id: gid(id), run: { name: 'one' } } } })

    const watched = events(server, `subscription { runUpdated(id: "${gid(id)}") { name tags } }`)
    expect((await watched.next()).value).toEqual({ data: { runUpdated: { name: 'one', tags: [] } } })
    await request(server, `mutation { updateRun(id: "${gid(id)}", input: { tags: ["kept"] }) { __typename } }`)
    expect((await watched.next()).value).toEqual({ data: { runUpdated: { name: 'one', tags: ['kept'] } } })
    expect((await all.next()).value).toMatchObject({ data: { runs: { kind: 'UPDATED' } } })
    const { deleteRuns } = await request(
      server,
      `mutation { deleteRuns(ids: ["${gid(id)}"]) { ... on DeleteRunsSuccess { ids } } }`,
    )
    expect(deleteRuns.ids).toEqual([gid(id)])
    expect((await watched.next()).done).toBe(true)
    expect((await all.next()).value).toEqual({ data: { runs: { kind: 'DELETED', id: gid(id), run: null } } })

    const before = performance.now()
    await server.close()
    expect((await all.next()).done).toBe(true)
    expect(performance.now() - before).toBeLessThan(1000)
  })

  it('report what is wrong as an event, and end', async () => {
    const platform = await database.open()
    const server = await platform.listen({ port: 0 })
    const answers = async (query: string) => {
      const all = []
      for await (const event of events(server, query)) all.push(event)
      return all
    }
    expect(await answers(`subscription { runUpdated(id: "${gid(9)}") { id } }`)).toMatchObject([
      { errors: [{ message: 'There is no run 9', extensions: { code: 'NOT_FOUND' } }] },
    ])
    expect(await answers('subscription { nothing }')).toMatchObject([
      { errors: [{ message: 'Cannot query field "nothing" on type "Subscription".' }] },
    ])
    expect(await answers('{ workers { id } }')).toEqual([{ data: { workers: [] } }])
  })

  it('end without a word in the log when the client leaves, even in the midst of what it is sent', async () => {
    const complaints: string[] = []
    const platform = await database.open({ onError: (error) => complaints.push(error.message) })
    const { live } = platform.services
    const { port, host } = await platform.listen({ port: 0 })
    const body = JSON.stringify({ query: 'subscription { runs { kind id } }' })
    for (const leave of ['destroy', 'resetAndDestroy'] as const) {
      const client = connect(port, host)
      const headers = `host: localhost\r\naccept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`
      client.write(`POST /graphql/stream HTTP/1.1\r\n${headers}\r\n\r\n${body}`)
      await once(client, 'data')
      client[leave]()
      // The server hears of it when it next looks at its sockets; what it has to say until then goes to nobody.
      for (let id = 1; id <= 5; id++) {
        live.receive(`run deleted ${id}`)
        await new Promise(process.nextTick)
      }
      await sleep(100)
    }
    expect(complaints).toEqual([])
  })

  it.runIf(database.kind === 'PostgreSQL')('go on when the connection that listens breaks', async () => {
    const complaints: string[] = []
    const platform = await database.open({ onError: (error) => complaints.push(error.message) })
    const server = await platform.listen({ port: 0 })
    const dataset = await platform.services.datasets.import(await datasetFolder())
    const { id } = await platform.services.runs.start({ datasetId: dataset.id })
    const watched = events(server, `subscription { runUpdated(id: "${gid(id)}") { name } }`)
    await watched.next()
    await platform.db.execute(sql`
      select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen sporeprint'`)
    await until(async () => complaints.length > 0)
    // Nobody hears of this; the subscriber is told when the connection is back.
    await platform.services.runs.update(id, { name: 'renamed' })
    expect((await watched.next()).value).toEqual({ data: { runUpdated: { name: 'renamed' } } })
    await platform.services.runs.update(id, { name: 'again' })
    expect((await watched.next()).value).toEqual({ data: { runUpdated: { name: 'again' } } })
  })
})
