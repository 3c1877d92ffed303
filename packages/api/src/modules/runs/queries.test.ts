import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import { execute, parse } from '../../graphql/library.ts'
import { schema } from '../../graphql/schema.ts'
import { request, until } from '../../testing/client.ts'
import { datasetFolder, onEveryDatabase } from '../../testing/databases.ts'
import { rowsRead, type Statement, statementsOf } from '../../testing/statements.ts'
import { trainer } from '../../testing/trainer.ts'
import { recordEvents } from './runs.record.ts'
import { points, runs as runsTable } from './runs.table.ts'

const page = `query($first: Int, $after: String, $last: Int, $before: String, $filter: RunFilter, $orderBy: RunOrder) {
  runs(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    totalCount edges { node { name } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`

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

  it('draw 100,000 steps as few points that keep every peak, and read each twice at most', async () => {
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
    await recordEvents(platform.db, { runId: id, attempt: 0 }, [
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
    ])

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

    await platform.db.execute(sql`analyze points`)
    const statements = await statementsOf(platform.db, () =>
      runs.series(id, { metric: 'loss', maxPoints: 500, sinceStep: null }),
    )
    const reads = await Promise.all(statements.map((statement) => rowsRead(platform.db, statement, 'points')))
    // All, if they fitted; the last; the extremes, one walk for the lowest of a stretch and one for the highest; how many.
    const all = await platform.db.$count(points)
    for (const [i, most] of [501, 1, 2 * all, all].entries()) expect(reads[i], `${i}`).toBeLessThanOrEqual(most)
    expect(reads).toHaveLength(4)
  })

  it('ask no more of the database for a page of 2000 runs than of three, and read no row beyond it', async () => {
    const platform = await database.open()
    const { runs, datasets } = platform.services
    const { id: datasetId } = await datasets.import(await datasetFolder())
    for (const name of ['one', 'two', 'three']) await runs.start({ datasetId, name })
    await platform.db.execute(sql`
      insert into epochs (run_id, epoch, phase, step, train_loss, valid_loss, accuracy, f1_weighted, f1_micro, f1_macro, seconds, learning_rate)
      select id, 0, 'unfrozen', 5, 1, 1, 0.5, 0.5, 0.5, 0.5, 1, 1 from runs`)
    await platform.db.update(runsTable).set({ bestEpoch: 0 })
    const list = `{ runs(first: 20) { totalCount edges { node {
      id name status progress { step steps } dataset { name } best { accuracy } jobs { status } } } } }`
    const asked = () =>
      statementsOf(platform.db, async () => {
        const contextValue = { services: platform.services, local: true }
        const answer = await execute({ schema, document: parse(list), contextValue })
        expect(answer.errors).toBeUndefined()
      })
    const few = await asked()
    await platform.db.execute(sql`
      insert into runs (name, dataset_id, config, tags, created_at, best_epoch)
      select 'run ' || i, dataset_id, config, tags, now() + i * interval '1 s', 0
      from runs, generate_series(1, 2000) as i where name = 'one'`)
    await platform.db.execute(sql`
      insert into epochs (run_id, epoch, phase, step, train_loss, valid_loss, accuracy, f1_weighted, f1_micro, f1_macro, seconds, learning_rate)
      select runs.id, i, phase, step, train_loss, valid_loss, accuracy, f1_weighted, f1_micro, f1_macro, seconds, learning_rate
      from epochs, runs, generate_series(0, 9) as i where run_id = 1 and name like 'run %'`)
    await platform.db.execute(sql`analyze`)
    const many = await asked()
    const from = (statements: Statement[]) => statements.map((statement) => / from "(\w+)"/.exec(statement.sql)?.[1])
    expect(from(few)).toEqual(['runs', 'runs', 'datasets', 'epochs', 'jobs'])
    expect(from(many)).toEqual(from(few))
    const [page, , , best] = many as [Statement, Statement, Statement, Statement]
    // One more than the page, which says whether there is another; and of ten epochs of each run the one that is shown.
    expect(await rowsRead(platform.db, page, 'runs')).toBe(21)
    expect(await rowsRead(platform.db, best, 'epochs')).toBe(20)
  })
})
