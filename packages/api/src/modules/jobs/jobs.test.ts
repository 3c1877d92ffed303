import { expect, it } from 'vitest'
import { CrashError, type Handlers } from '../../jobs/contracts.ts'
import { openPlatform, type Platform } from '../../platform.ts'
import { events, request, until } from '../../testing/client.ts'
import { datasetFolder, onEveryDatabase } from '../../testing/databases.ts'
import { spawnServer } from '../../testing/spawn.ts'
import { fullEvaluation, modelCalibration, trainer } from '../../testing/trainer.ts'
import type { JobRow } from './jobs.table.ts'

const gid = (type: string, id: number) => Buffer.from(`${type}:${id}`).toString('base64')

/** A run that has succeeded, with the job that evaluates it. */
async function evaluatedRun(platform: Platform): Promise<{ runId: number; job: JobRow }> {
  const dataset = await platform.services.datasets.import(await datasetFolder())
  const { id: runId } = await platform.services.runs.start({ datasetId: dataset.id, config: { epochs: 1 } })
  const job = await until(async () => (await platform.services.jobs.ofRuns([runId]))[0]?.[0])
  return { runId, job }
}

const ended = (platform: Platform, { id }: JobRow) =>
  until(async () => {
    const [job] = await platform.services.jobs.byIds([id])
    return job && job.status !== 'QUEUED' && job.status !== 'RUNNING' && job
  }, 30_000)

const handlers = (evaluate: Handlers['evaluate']): Handlers => ({ ...trainer(), evaluate })

onEveryDatabase('short jobs', (database) => {
  it('evaluate every run that succeeds, are told of, and leave their result with it', async () => {
    const platform = await database.open()
    const server = await platform.listen({ port: 0 })
    const news = events(server, 'subscription { jobs { kind job { kind status run { name } } } }')
    const first = news.next()
    await platform.startWorker(trainer())
    const { runId, job } = await evaluatedRun(platform)
    expect((await first).value).toMatchObject({
      data: { jobs: { kind: 'CREATED', job: { kind: 'evaluate', run: { name: 'letters resnet18' } } } },
    })
    expect(await ended(platform, job)).toMatchObject({ status: 'SUCCEEDED', attempt: 1, error: null })
    const { run } = await request(
      server,
      `{ run(id: "${gid('Run', runId)}") { jobs { status } evaluations {
        calibratedBy split epoch n accuracy level rocAuc topK scores { name interval { value low high } }
        mostConfused { actual predicted count images { path } } topLosses { path loss thumbnail } bottomLosses { path }
        calibration { ece temperature bins { count } } withoutNearDuplicates { n } nearDuplicates { distance first { path split } } slices { by key loss accuracy { low } } } } }`,
    )
    expect(run.jobs).toEqual([{ status: 'SUCCEEDED' }])
    expect(run.evaluations.map(({ split }: { split: string }) => split)).toEqual(['train', 'valid'])
    const { value, low, high } = fullEvaluation.scores.accuracy
    expect(run.evaluations[1]).toMatchObject({
      epoch: 0,
      n: 4,
      accuracy: 0.75,
      level: 0.95,
      rocAuc: null,
      topK: [0.75, 1],
      mostConfused: [{ actual: 'b', predicted: 'a', count: 1, images: [{ path: 'b/1.jpg' }] }],
      topLosses: [{ path: 'b/2.png', loss: 1.2 }],
      bottomLosses: [],
      calibration: { ece: 0.05, temperature: 1.2, bins: [{ count: 4 }] },
      nearDuplicates: [{ distance: 2, first: { path: 'a/1.jpg', split: 'train' } }],
      withoutNearDuplicates: null,
      slices: [{ by: 'folder', key: 'b', loss: null }],
    })
    expect(run.evaluations.map((row: { calibratedBy: number }) => row.calibratedBy)).toEqual([1.25, 1.25])
    expect(run.evaluations[1].scores[0]).toEqual({ name: 'accuracy', interval: { value, low, high } })
  })

  it('are asked for by hand, of a run that has a checkpoint', async () => {
    const platform = await database.open()
    const server = await platform.listen({ port: 0 })
    const ask = async (id: number) => {
      const input = `{ run: "${gid('Run', id)}", splits: [valid] }`
      const query = `mutation { evaluate(input: ${input}) { __typename ... on EvaluateSuccess { job { status } } ... on UserError { message } } }`
      return (await request(server, query)).evaluate
    }
    expect(await ask(99)).toMatchObject({ __typename: 'NotFound' })
    const dataset = await platform.services.datasets.import(await datasetFolder())
    const { id } = await platform.services.runs.start({ datasetId: dataset.id, config: { epochs: 1 } })
    expect(await ask(id)).toMatchObject({
      __typename: 'Conflict',
      message: expect.stringContaining('no checkpoint yet'),
    })
    await platform.startWorker(trainer())
    await until(async () => (await platform.services.runs.get(id)).status === 'SUCCEEDED')
    expect(await ask(id)).toEqual({ __typename: 'EvaluateSuccess', job: { status: 'QUEUED' } })
  })

  it('calibrate the model of a run that has succeeded, and leave alone one whose run may go on', async () => {
    const platform = await database.open()
    const server = await platform.listen({ port: 0 })
    const { runs, datasets, evaluations } = platform.services
    const dataset = await datasets.import(await datasetFolder())
    const { id } = await runs.start({ datasetId: dataset.id, config: { epochs: 20 } })
    const models = async () =>
      (
        await request(
          server,
          `{ run(id: "${gid('Run', id)}") { checkpoints { kind calibration { images temperature before after distance95 } }
            log { edges { node { level message } } } } }`,
        )
      ).run
    await platform.startWorker(trainer({ stepMs: 20 }))
    await until(async () => (await models()).checkpoints.length === 2)
    await runs.stop(id)
    await ended(platform, await evaluations.ask(id))
    expect(await models()).toMatchObject({
      checkpoints: [
        { kind: 'best', calibration: null },
        { kind: 'last', calibration: null },
      ],
      log: { edges: [{ node: { level: 'warn', message: 'the model is not calibrated' } }] },
    })
    expect(await evaluations.ofRuns([id])).toMatchObject([{ calibratedBy: null }, { calibratedBy: null }])

    await runs.resume(id)
    await until(async () => (await runs.get(id)).status === 'SUCCEEDED', 30_000)
    const [[job]] = (await platform.services.jobs.ofRuns([id])) as [[JobRow]]
    expect(await ended(platform, job)).toMatchObject({ status: 'SUCCEEDED' })
    expect((await models()).checkpoints).toEqual([
      { kind: 'best', calibration: modelCalibration },
      { kind: 'last', calibration: null },
    ])
    expect(await evaluations.ofRuns([id])).toMatchObject([{ calibratedBy: 1.25 }, { calibratedBy: 1.25 }])
  })

  it('say why a model could not be calibrated, until it can', async () => {
    const platform = await database.open()
    const server = await platform.listen({ port: 0 })
    const { runs, datasets } = platform.services
    const dataset = await datasets.import(await datasetFolder())
    const { id } = await runs.start({ datasetId: dataset.id, config: { epochs: 1 } })
    const worker = await platform.startWorker(trainer({ uncalibrated: '2 images are too few' }))
    await until(async () => (await runs.get(id)).status === 'SUCCEEDED')
    const [[job]] = (await platform.services.jobs.ofRuns([id])) as [[JobRow]]
    await ended(platform, job)
    const best = `{ run(id: "${gid('Run', id)}") { checkpoints { kind uncalibrated calibration { images } } } }`
    expect((await request(server, best)).run.checkpoints).toEqual([
      { kind: 'best', uncalibrated: '2 images are too few', calibration: null },
      { kind: 'last', uncalibrated: null, calibration: null },
    ])
    await worker.stop()
    await platform.startWorker(trainer())
    await ended(platform, await platform.services.evaluations.ask(id))
    expect((await request(server, best)).run.checkpoints[0]).toEqual({
      kind: 'best',
      uncalibrated: null,
      calibration: { images: modelCalibration.images },
    })
  })

  it('fail with what their handler says, and are tried again where its process died', async () => {
    const platform = await database.open()
    let tries = 0
    const stop = await platform.startWorker(
      handlers(async () => {
        if (++tries === 1) throw new CrashError('HOST_CRASHED', 'gone')
        throw Object.assign(new Error('no such folder'), { code: 'BAD_DATASET' })
      }),
    )
    const { runId, job } = await evaluatedRun(platform)
    expect(await ended(platform, job)).toMatchObject({
      status: 'FAILED',
      attempt: 2,
      error: { code: 'BAD_DATASET', message: 'no such folder' },
    })
    await stop.stop()
    expect(await platform.services.evaluations.ofRuns([runId])).toMatchObject([{ split: 'valid', epoch: null }])
  })

  it('stop when they are told to, and what they had is not stored', async () => {
    const platform = await database.open()
    let reason: unknown
    await platform.startWorker(
      handlers(
        (_job, { signal }) =>
          new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => {
              reason = signal.reason
              reject(signal.reason)
            }),
          ),
      ),
    )
    const { runId, job } = await evaluatedRun(platform)
    await until(async () => (await platform.services.jobs.byIds([job.id]))[0]?.status === 'RUNNING')
    const workers = await platform.services.workers.list()
    expect(workers).toMatchObject([{ status: 'BUSY', jobIds: [job.id] }])
    expect(await platform.services.jobs.stop(job.id)).toMatchObject({ status: 'STOPPED' })
    expect(await until(async () => reason)).toMatchObject({ why: 'stopped' })
    expect(await platform.services.evaluations.ofRuns([runId])).toMatchObject([{ split: 'valid', epoch: null }])
  })

  it('are handed to another worker when theirs shuts down', async () => {
    const platform = await database.open()
    const worker = await platform.startWorker(trainer({ stepMs: 20 }))
    const { job } = await evaluatedRun(platform)
    await until(async () => (await platform.services.jobs.byIds([job.id]))[0]?.status === 'RUNNING')
    await worker.stop()
    expect((await platform.services.jobs.byIds([job.id]))[0]).toMatchObject({ status: 'QUEUED', workerId: null })
    await platform.startWorker(trainer())
    expect(await ended(platform, job)).toMatchObject({ status: 'SUCCEEDED', attempt: 2 })
  })

  it.runIf(database.kind === 'PostgreSQL')(
    'are done again from the start when the process that had them was killed',
    async () => {
      const options = await database.fresh()
      const before = await openPlatform(options)
      const dataset = await before.services.datasets.import(await datasetFolder())
      const { id: runId } = await before.services.runs.start({ datasetId: dataset.id, config: { epochs: 1 } })
      await before.close()
      const server = await spawnServer(options)
      await until(async () => {
        const { run } = await request(server, `{ run(id: "${gid('Run', runId)}") { jobs { status } } }`)
        return run.jobs[0]?.status === 'RUNNING'
      })
      await server.end('SIGKILL')
      const platform = await database.open(options)
      await platform.startWorker(trainer())
      const [[job]] = (await platform.services.jobs.ofRuns([runId])) as [[JobRow]]
      expect(await ended(platform, job)).toMatchObject({ status: 'SUCCEEDED', attempt: 2 })
      expect(await platform.services.evaluations.ofRuns([runId])).toMatchObject([
        { split: 'train' },
        { split: 'valid' },
      ])
    },
  )
})
