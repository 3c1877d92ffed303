import { sql } from 'drizzle-orm'
import { expect, it } from 'vitest'
import type { Platform } from '../../platform.ts'
import { request, until } from '../../testing/client.ts'
import { datasetFolder, onEveryDatabase } from '../../testing/databases.ts'
import { hostDied, stepsPerEpoch, type TrainerOptions, trainer } from '../../testing/trainer.ts'

/** A platform with a worker, a server and a dataset. */
async function started(platform: Platform, options?: TrainerOptions) {
  await platform.startWorker(trainer(options))
  const server = await platform.listen({ port: 0 })
  const dataset = await platform.services.datasets.import(await datasetFolder())
  return { server, dataset, runs: platform.services.runs }
}

const terminal = ['SUCCEEDED', 'FAILED', 'STOPPED', 'CRASHED']

const finished = (platform: Platform, id: number) =>
  until(async () => {
    const run = await platform.services.runs.get(id)
    return terminal.includes(run.status) && run.workerId === null && run
  }, 30_000)

onEveryDatabase('a run', (database) => {
  it('goes from startRun to its last checkpoint, and everything it said can be asked for', async () => {
    const platform = await database.open()
    const { server } = await started(platform)
    const { startRun } = await request(
      server,
      `mutation($dataset: ID!) { startRun(input: { dataset: $dataset, config: { epochs: 3, baseLr: 0.05 }, tags: ["first", "first "] }) {
        ... on StartRunSuccess { run { id status name tags progress { done } epochs { epoch } } } ... on UserError { message } } }`,
      { dataset: Buffer.from('Dataset:1').toString('base64') },
    )
    expect(startRun.run).toMatchObject({ status: 'QUEUED', name: 'letters resnet18', tags: ['first'], progress: null })
    await finished(platform, 1)
    const { run } = await request(
      server,
      `query($id: ID!) { run(id: $id) {
        status error { code } attempt startedAt finishedAt
        config { arch size batch epochs freezeEpochs baseLr lrMult weights schedule head }
        dataset { name images classes { name train valid test } }
        setup { adapter { name } classes skipped { path reason } images { train } parameters }
        progress { stage step steps epoch done total imagesPerSecond secondsLeft }
        epochs { epoch step phase accuracy f1Macro learningRate } best { epoch }
        loss: series(metric: loss) { total lastStep points { step value } }
        accuracy: series(metric: accuracy) { points { step value } }
        evaluations { split n accuracy f1Macro byClass { class precision recall f1 count } confusion }
        checkpoints { kind epoch path metrics { accuracy } run { id } }
        log { totalCount edges { node { level message } } } } }`,
      { id: startRun.run.id },
    )
    expect(run).toMatchObject({
      status: 'SUCCEEDED',
      error: null,
      attempt: 1,
      config: {
        arch: 'resnet18',
        size: 224,
        batch: 64,
        epochs: 3,
        freezeEpochs: 0,
        baseLr: 0.05,
        lrMult: 1,
        weights: null,
        schedule: 'flat_cos',
        head: 'concat',
      },
      dataset: { name: 'letters', images: 4, classes: [{ name: 'a', train: 2 }, { name: 'b' }] },
      setup: {
        adapter: { name: 'arithmetic' },
        skipped: [{ path: 'a/broken.jpg', reason: 'no image' }],
        parameters: 2,
      },
      progress: { stage: 'training', step: 15, steps: 15, epoch: 2, done: 15, total: 15, secondsLeft: 0 },
      epochs: [
        { epoch: 0, step: 5, phase: 'unfrozen', accuracy: 0.75, f1Macro: 0.65, learningRate: 0.05 },
        { epoch: 1, step: 10 },
        { epoch: 2, step: 15 },
      ],
      best: { epoch: 2 },
      // What it said itself, or what the evaluation that follows it says meanwhile.
      evaluations: expect.arrayContaining([
        expect.objectContaining({
          split: 'valid',
          n: 4,
          byClass: [expect.objectContaining({ class: 'a' }), expect.objectContaining({ class: 'b' })],
          confusion: [
            [2, 0],
            [1, 1],
          ],
        }),
      ]),
      checkpoints: [
        { kind: 'best', epoch: 2, metrics: { accuracy: 0.75 }, run: { id: startRun.run.id } },
        { kind: 'last', epoch: 2 },
      ],
      log: { totalCount: 1, edges: [{ node: { level: 'info', message: 'slope 2.015' } }] },
    })
    expect(run.loss.total).toBe(15)
    expect(run.loss.points[0]).toEqual({ step: 1, value: 21 })
    expect(run.accuracy.points).toEqual([5, 10, 15].map((step) => ({ step, value: 0.75 })))
  })

  it('begins with weights by absolute path or by name, and refuses what the worker could not find', async () => {
    const platform = await database.open()
    const { dataset, runs } = await started(platform)
    const start = (weights: string) => runs.start({ datasetId: dataset.id, config: { weights, epochs: 1 } })
    for (const weights of ['resnet18', 'resnet50.a1_in1k', '/weights/mine.pth']) {
      expect((await start(weights)).config.weights).toBe(weights)
    }
    for (const weights of ['mine/best', './mine.pth', '../mine', '.hidden', 'https://host/mine.pth']) {
      await expect(start(weights)).rejects.toMatchObject({ issues: [{ field: 'config.weights', value: weights }] })
    }
  })

  it('stops within two seconds, keeps what it reported, and goes on from its checkpoint when resumed', async () => {
    const platform = await database.open()
    const { server, dataset, runs } = await started(platform, { stepMs: 30 })
    const { id } = await runs.start({ datasetId: dataset.id, config: { epochs: 6 } })
    await until(async () => (await runs.epochs([id])).length >= 2)
    const before = performance.now()
    const gid = Buffer.from(`Run:${id}`).toString('base64')
    const { stopRun } = await request(
      server,
      `mutation { stopRun(id: "${gid}") { ... on StopRunSuccess { run { status } } } }`,
    )
    expect(stopRun.run.status).toBe('STOPPED')
    const stopped = await finished(platform, id)
    expect(performance.now() - before).toBeLessThan(2000)
    expect(stopped.finishedAt).not.toBeNull()
    const points = await runs.series(id, { metric: 'loss', maxPoints: 500, sinceStep: null })
    expect(points.total).toBeGreaterThanOrEqual(2 * stepsPerEpoch)

    await runs.resume(id)
    expect(await finished(platform, id)).toMatchObject({ status: 'SUCCEEDED', attempt: 2, error: null })
    // The resumed run took the same steps that one without a break takes.
    const whole = await runs.start({ datasetId: dataset.id, config: { epochs: 6 } })
    await finished(platform, whole.id)
    const series = (run: number) => runs.series(run, { metric: 'loss', maxPoints: 500, sinceStep: null })
    expect(await series(id)).toEqual(await series(whole.id))
    expect((await runs.epochs([id])).map(({ epoch, step }) => [epoch, step])).toEqual(
      (await runs.epochs([whole.id])).map(({ epoch, step }) => [epoch, step]),
    )
  })

  it('that waits is stopped at once, and its job never runs', async () => {
    const platform = await database.open()
    const dataset = await platform.services.datasets.import(await datasetFolder())
    const { id } = await platform.services.runs.start({ datasetId: dataset.id })
    expect(await platform.services.runs.stop(id)).toMatchObject({ status: 'STOPPED' })
    await platform.startWorker(trainer())
    const next = await platform.services.runs.start({ datasetId: dataset.id })
    await finished(platform, next.id)
    expect(await platform.services.runs.get(id)).toMatchObject({ status: 'STOPPED', attempt: 0 })
  })

  it('FAILED says what the training said, and can be resumed', async () => {
    const platform = await database.open()
    const error = Object.assign(new Error('Class b has no images'), { code: 'DATASET_EMPTY_CLASS' })
    const { dataset, runs } = await started(platform, { failAt: { step: 3, error } })
    const { id } = await runs.start({ datasetId: dataset.id, config: { epochs: 1 } })
    expect(await finished(platform, id)).toMatchObject({
      status: 'FAILED',
      attempt: 1,
      error: { code: 'DATASET_EMPTY_CLASS', message: 'Class b has no images' },
    })
    expect((await runs.series(id, { metric: 'loss', maxPoints: 10, sinceStep: null })).total).toBe(3)
    await runs.resume(id)
    expect(await finished(platform, id)).toMatchObject({ status: 'SUCCEEDED', attempt: 2, error: null })
  })

  it('whose training process dies is tried again from its checkpoint', async () => {
    const platform = await database.open()
    const { dataset, runs } = await started(platform, { failAt: { step: 7, error: hostDied() } })
    const { id } = await runs.start({ datasetId: dataset.id, config: { epochs: 2 } })
    expect(await finished(platform, id)).toMatchObject({ status: 'SUCCEEDED', attempt: 2 })
    const lines = await platform.services.runs.log(id).page({ where: undefined, orderBy: sql`id`, limit: 10 })
    expect(lines.map((line) => line.message)).toEqual([
      'The engine host ended with signal SIGSEGV; the run is tried again',
      'Attempt 2: going on from the last checkpoint',
      'slope 0.315',
    ])
  })

  it('whose training process dies more often than runs are retried is CRASHED', async () => {
    const platform = await database.open({ retryLimit: 0 })
    const { dataset, runs } = await started(platform, { failAt: { step: 2, error: hostDied() } })
    const { id } = await runs.start({ datasetId: dataset.id })
    expect(await finished(platform, id)).toMatchObject({
      status: 'CRASHED',
      error: { code: 'HOST_DIED', message: 'The engine host ended with signal SIGSEGV' },
    })
  })
})
