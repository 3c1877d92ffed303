import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { request, until } from '../../testing/client.ts'
import { datasetFolder, onEveryDatabase } from '../../testing/databases.ts'
import { trainer } from '../../testing/trainer.ts'
import { recordEvents } from './runs.record.ts'
import { runs as runsTable } from './runs.table.ts'

const page = `query($first: Int, $after: String, $last: Int, $before: String, $filter: RunFilter, $orderBy: RunOrder) {
  runs(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    totalCount edges { node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

onEveryDatabase('queries of runs', (database) => {
  it('page forwards and backwards in any order, filter, and count', async () => {
    const platform = await database.open()
    const server = await platform.listen({ port: 0 })
    const { runs, datasets } = platform.services
    const { id: datasetId } = await datasets.import(await datasetFolder())
    const accuracies = [0.5, null, 0.9, 0.7, 0.7]
    for (const [i, accuracy] of accuracies.entries()) {
      const tags = i % 2 === 0 ? ['even'] : ['odd', 'x']
      const arch = i === 4 ? 'resnet50' : 'resnet18'
      const { id } = await runs.start({ datasetId, name: `run ${i}`, tags, config: { arch } })
      await platform.db.update(runsTable).set({ bestAccuracy: accuracy }).where(sql`id = ${id}`)
    }
    const ids = ['Run:1', 'Dataset:1'].map((id) => Buffer.from(id).toString('base64'))
    const nodes = `{ run: node(id: "${ids[0]}") { __typename id ... on Run { name } } dataset: node(id: "${ids[1]}") { __typename id } }`
    expect(await request(server, nodes)).toEqual({
      run: { __typename: 'Run', id: ids[0], name: 'run 0' },
      dataset: { __typename: 'Dataset', id: ids[1] },
    })
    const ask = async (variables: object) => (await request(server, page, variables)).runs
    const names = (connection: { edges: { node: { name: string } }[] }) =>
      connection.edges.map(({ node }) => node.name.at(-1)).join('')

    const first = await ask({ first: 2 })
    expect([names(first), first.totalCount, first.pageInfo.hasNextPage]).toEqual(['43', 5, true])
    // A run that starts meanwhile does not move the next page.
    await runs.start({ datasetId, name: 'run 5' })
    const second = await ask({ first: 2, after: first.pageInfo.endCursor })
    expect([names(second), second.totalCount]).toEqual(['21', 6])
    const third = await ask({ first: 2, after: second.pageInfo.endCursor })
    expect([names(third), third.pageInfo.hasNextPage]).toEqual(['0', false])
    expect(names(await ask({ last: 2, before: third.pageInfo.startCursor }))).toBe('21')

    const byAccuracy = { field: 'accuracy', direction: 'DESC' }
    const best = await ask({ first: 2, orderBy: byAccuracy })
    expect(names(best)).toBe('24')
    expect(names(await ask({ orderBy: byAccuracy, after: best.pageInfo.endCursor }))).toBe('3051')
    expect(names(await ask({ orderBy: { field: 'name', direction: 'ASC' } }))).toBe('012345')
    expect(names(await ask({ filter: { tags: ['odd', 'x'] } }))).toBe('31')
    expect(names(await ask({ filter: { arch: ['resnet50', 'resnet34'], name: 'RUN' } }))).toBe('4')
    expect(names(await ask({ filter: { name: '%' } }))).toBe('')
    expect((await ask({ filter: { status: ['SUCCEEDED'] } })).totalCount).toBe(0)
    expect((await ask({ filter: { dataset: Buffer.from('Dataset:2').toString('base64') } })).totalCount).toBe(0)
  })

  it('change and delete runs, and refuse to delete one that runs', async () => {
    const platform = await database.open()
    const server = await platform.listen({ port: 0 })
    const { runs, datasets } = platform.services
    const { id: datasetId } = await datasets.import(await datasetFolder())
    const { id } = await runs.start({ datasetId, config: { epochs: 1000 } })
    const gid = Buffer.from(`Run:${id}`).toString('base64')
    const update = `mutation($id: ID!, $input: UpdateRunInput!) { updateRun(id: $id, input: $input) {
      ... on UpdateRunSuccess { run { name tags notes } } ... on InvalidInput { issues { field message } } } }`
    const change = async (input: object) => (await request(server, update, { id: gid, input })).updateRun
    expect((await change({ name: 'new', notes: 'good' })).run).toEqual({ name: 'new', tags: [], notes: 'good' })
    expect((await change({ tags: ['a'], notes: null })).run).toEqual({ name: 'new', tags: ['a'], notes: null })
    expect(await change({ name: ' ' })).toEqual({
      issues: [{ field: 'input.name', message: 'must have 1 to 200 characters' }],
    })

    await platform.startWorker(trainer({ stepMs: 20 }))
    await until(async () => (await runs.get(id)).progress)
    const remove = `mutation { deleteRuns(ids: ["${gid}"]) { ... on UserError { message } ... on DeleteRunsSuccess { ids } } }`
    expect((await request(server, remove)).deleteRuns.message).toBe(`Run ${id} is RUNNING; stop it first`)
    await runs.stop(id)
    await until(async () => (await runs.get(id)).workerId === null)
    expect((await request(server, remove)).deleteRuns.ids).toEqual([gid])
    expect(await runs.byIds([id])).toEqual([])
  })

  it('draw 100,000 steps as few points that keep every peak, in a blink, and answer within 20 ms while a run trains', async () => {
    const platform = await database.open()
    const server = await platform.listen({ port: 0 })
    const { runs, datasets } = platform.services
    const { id: datasetId } = await datasets.import(await datasetFolder())
    const { id } = await runs.start({ datasetId })
    await runs.stop(id)
    // A curve with one peak and one gap, and one step that diverged.
    await platform.db.execute(sql`
      insert into points (run_id, metric, step, value)
      select ${id}, 'loss', step, case step when 54321 then 100 when 60000 then -5 else sin(step / 1000.0) end
      from generate_series(1, 100000) as step where step not between 70000 and 79999`)
    await recordEvents(
      platform.db,
      { runId: id, attempt: 0 },
      [
        {
          type: 'step',
          epoch: 0,
          phase: 'unfrozen',
          step: 99_999,
          steps: 100_000,
          loss: Number.NaN,
          smoothLoss: 1,
          lr: 1,
          imagesPerSecond: 1,
          secondsLeft: 1,
        },
      ],
      0,
    )

    const gid = Buffer.from(`Run:${id}`).toString('base64')
    const curve = `{ run(id: "${gid}") { series(metric: loss, maxPoints: 500) { total lastStep points { step value } } } }`
    const { series } = (await request(server, curve)).run
    const steps = series.points.map(({ step }: { step: number }) => step)
    expect(series).toMatchObject({ total: 90_000, lastStep: 100_000 })
    expect(steps.length).toBeGreaterThan(400)
    expect(steps.length).toBeLessThanOrEqual(500)
    expect(steps).toEqual(steps.toSorted((a: number, b: number) => a - b))
    expect([steps[0], steps.at(-1)]).toEqual([1, 100_000])
    expect(series.points).toContainEqual({ step: 54_321, value: 100 })
    expect(series.points).toContainEqual({ step: 60_000, value: -5 })
    expect(series.points).toContainEqual({ step: 99_999, value: null })
    const since = await runs.series(id, { metric: 'loss', maxPoints: 500, sinceStep: 99_600 })
    expect(since.points.map(({ step }) => step)).toEqual(Array.from({ length: 400 }, (_, i) => 99_601 + i))

    await platform.startWorker(trainer({ stepMs: 20 }))
    const training = await runs.start({ datasetId, config: { epochs: 10_000 } })
    await until(async () => (await runs.get(training.id)).progress?.stage === 'training')
    const timed = async (query: string, times: number) => {
      const ms: number[] = []
      for (let i = 0; i < times; i++) {
        const before = performance.now()
        await request(server, query)
        ms.push(performance.now() - before)
      }
      return median(ms)
    }
    const list =
      '{ runs(first: 20) { totalCount edges { node { id name status progress { step steps } best { accuracy } } } } }'
    const simple = await timed(list, 100)
    const drawn = await timed(curve, 10)
    console.log(`${database.kind}: list ${simple.toFixed(1)} ms, 100k-point curve ${drawn.toFixed(1)} ms (medians)`)
    expect(simple).toBeLessThan(20)
    expect(drawn).toBeLessThan(1000)
    await runs.stop(training.id)
  })
})
