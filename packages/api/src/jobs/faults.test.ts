/** Processes that are killed, stopped and started again. */
import { expect, it } from 'vitest'
import { models as modelsTable } from '../modules/models/models.table.ts'
import { recordEvents } from '../modules/runs/runs.record.ts'
import { openPlatform, type Platform, type PlatformOptions } from '../platform.ts'
import { request, until } from '../testing/client.ts'
import { datasetFolder, onEveryDatabase } from '../testing/databases.ts'
import { spawnServer } from '../testing/spawn.ts'
import { hostDied, modelCalibration, trainer } from '../testing/trainer.ts'
import type { TrainEvent } from './train-events.ts'

const epochs = 6

/** Registers a dataset, and leaves a run of six epochs in the queue. */
async function queueRun(options: PlatformOptions): Promise<number> {
  const platform = await openPlatform(options)
  const dataset = await platform.services.datasets.import(await datasetFolder())
  const { id } = await platform.services.runs.start({ datasetId: dataset.id, config: { epochs } })
  await platform.close()
  return id
}

/** Waits until the process has a checkpoint to lose everything after. */
const atEpochTwo = (server: { url: string }, id: number) =>
  until(async () => {
    const gid = Buffer.from(`Run:${id}`).toString('base64')
    const { run } = await request(server, `{ run(id: "${gid}") { status epochs { epoch } } }`)
    return run.status === 'RUNNING' && run.epochs.length >= 2
  })

const inState = (platform: Platform, id: number, ...states: string[]) =>
  until(async () => {
    const run = await platform.services.runs.get(id)
    return states.includes(run.status) && run
  }, 30_000)

/** The loss of every step, which a run with a break must share with one without. */
async function losses(platform: Platform, id: number): Promise<[number, number][]> {
  const { points } = await platform.services.runs.series(id, { metric: 'loss', maxPoints: 500, sinceStep: null })
  return points.map(({ step, value }) => [step, value])
}

async function unbroken(platform: Platform, datasetId: number): Promise<[number, number][]> {
  const { id } = await platform.services.runs.start({ datasetId, config: { epochs } })
  await inState(platform, id, 'SUCCEEDED')
  return losses(platform, id)
}

onEveryDatabase('when a process dies', (database) => {
  async function reopen(options: PlatformOptions): Promise<Platform> {
    return database.open(options)
  }

  it('its run goes on from the last checkpoint, as if nothing had happened', async () => {
    const options = await database.fresh()
    const id = await queueRun(options)
    const server = await spawnServer(options)
    await atEpochTwo(server, id)
    expect(await server.end('SIGKILL')).toBe('SIGKILL')

    const platform = await reopen(options)
    await platform.startWorker(trainer())
    const run = await inState(platform, id, 'SUCCEEDED', 'FAILED', 'CRASHED')
    expect(run).toMatchObject({ status: 'SUCCEEDED', attempt: 2, error: null })
    expect((await platform.services.runs.epochs([id])).map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4, 5])
    expect(await losses(platform, id)).toEqual(await unbroken(platform, run.datasetId))
  })

  it('what it had not stored of a run beyond its checkpoint is told again, once for each step and epoch', async () => {
    const platform = await database.open()
    const { datasets, models, runs } = platform.services
    const dataset = await datasets.import(await datasetFolder())
    const [dies, lives] = [trainer({ failAt: { step: 12, error: hostDied() } }), trainer()]
    let died = false
    await platform.startWorker({
      ...lives,
      // Its second epoch is in its checkpoint, and stored as far as its second step.
      train: async (job, context) => {
        if (died) return lives.train(job, context)
        died = true
        let stored = true
        const report = (event: TrainEvent): void => {
          stored &&= event.type !== 'step' || event.step <= 7
          if (stored) context.report(event)
        }
        return dies.train(job, { ...context, report })
      },
    })
    const { id } = await runs.start({ datasetId: dataset.id, config: { epochs } })
    const { attempt, progress } = await inState(platform, id, 'SUCCEEDED', 'FAILED', 'CRASHED')
    expect([attempt, progress?.done]).toEqual([2, 30])
    const stored = await losses(platform, id)
    expect(stored.map(([step]) => step)).toEqual(Array.from({ length: 30 }, (_, step) => step + 1))
    expect(stored).toEqual(await unbroken(platform, dataset.id))
    const rows = await runs.epochs([id])
    expect(rows.map(({ epoch, step }) => [epoch, step])).toEqual(
      [0, 1, 2, 3, 4, 5].map((epoch) => [epoch, 5 * epoch + 5]),
    )

    // A model keeps what was found of it meanwhile, unless it is another one.
    const calibrated = async (epoch: number) => {
      const again = { type: 'checkpoint' as const, kind: 'last' as const, path: 'last', epoch }
      await recordEvents(platform.db, { runId: id, attempt }, [{ type: 'retold', events: [again] }])
      const [own = []] = await models.ofRuns([id])
      return own.find(({ kind }) => kind === 'last')?.calibration
    }
    await platform.db.update(modelsTable).set({ calibration: modelCalibration })
    expect(await calibrated(5)).toEqual(modelCalibration)
    expect(await calibrated(4)).toBeNull()
  })

  it('its run is CRASHED where it may not be tried again, even if no worker is left, and can be resumed', async () => {
    const options = { ...(await database.fresh()), retryLimit: 0 }
    const id = await queueRun(options)
    const server = await spawnServer(options)
    await atEpochTwo(server, id)
    await server.end('SIGKILL')

    const platform = await reopen(options)
    const crashed = await inState(platform, id, 'CRASHED')
    expect(crashed.error).toEqual({
      code: 'WORKER_LOST',
      message: 'The worker that had it died, and it was not to be tried again. resumeRun goes on from its checkpoint',
    })
    await platform.startWorker(trainer())
    await platform.services.runs.resume(id)
    expect(await inState(platform, id, 'SUCCEEDED')).toMatchObject({ attempt: 2, error: null })
  })

  it('on a signal, it hands its run over first, which costs no try', async () => {
    const options = { ...(await database.fresh()), retryLimit: 0 }
    const id = await queueRun(options)
    const server = await spawnServer(options)
    await atEpochTwo(server, id)
    expect(await server.end('SIGTERM')).toBe('SIGTERM')

    const platform = await reopen(options)
    expect(await platform.services.runs.get(id)).toMatchObject({ status: 'QUEUED', attempt: 1, workerId: null })
    await platform.startWorker(trainer())
    expect(await inState(platform, id, 'SUCCEEDED')).toMatchObject({ attempt: 2 })
  })

  it.runIf(database.kind === 'PostgreSQL')(
    'only seemingly, and comes back after another worker took its run, it can change nothing',
    async () => {
      const options = await database.fresh()
      const id = await queueRun(options)
      const server = await spawnServer(options)
      await atEpochTwo(server, id)
      server.child.kill('SIGSTOP')
      const platform = await reopen(options)
      await platform.startWorker(trainer())
      const run = await inState(platform, id, 'SUCCEEDED')
      const before = await losses(platform, id)
      server.child.kill('SIGCONT')
      // It comes back, finds that the run is not its own, and takes the next one from the queue as before.
      await until(async () => (await platform.services.workers.list()).every(({ status }) => status === 'IDLE'))
      expect(await platform.services.runs.get(id)).toEqual(run)
      expect(await losses(platform, id)).toEqual(before)
    },
  )

  it.runIf(database.kind === 'PostgreSQL')(
    'or many start at once on a new database, none breaks the other',
    async () => {
      const options = await database.fresh()
      const platforms = await Promise.all(Array.from({ length: 6 }, () => database.open(options)))
      for (const platform of platforms) expect(await platform.services.workers.list()).toEqual([])
    },
  )
})
