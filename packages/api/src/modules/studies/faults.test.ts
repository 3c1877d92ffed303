/** Studies whose workers and servers are killed. */
import { expect, it } from 'vitest'
import { openPlatform, type Platform, type PlatformOptions } from '../../platform.ts'
import { request, until } from '../../testing/client.ts'
import { datasetFolder, onEveryDatabase } from '../../testing/databases.ts'
import { spawnServer } from '../../testing/spawn.ts'
import { trainer } from '../../testing/trainer.ts'
import type { StartStudy } from './studies.service.ts'
import type { TrialRow } from './studies.table.ts'

const study: Omit<StartStudy, 'datasetId'> = {
  space: { baseLr: { kind: 'float', low: 1e-3, high: 0.2, log: true } },
  objectives: [{ metric: 'validLoss', direction: 'minimize' }],
  config: { epochs: 4 },
}

/** Registers a dataset and starts a study that no worker is there for yet. */
async function queueStudy(options: PlatformOptions, input: Partial<StartStudy>): Promise<number> {
  const platform = await openPlatform(options)
  const { id: datasetId } = await platform.services.datasets.import(await datasetFolder())
  const { id } = await platform.services.studies.start({ ...study, ...input, datasetId })
  await platform.close()
  return id
}

const trialsOf = async (platform: Platform, id: number) => (await platform.services.studies.trialsOf([id]))[0] ?? []

/** What became of a study: what must not depend on whether somebody died over it. */
const outcome = (trials: readonly TrialRow[]) =>
  trials.map(({ number, state, parameters, values, results, epochs }) => ({
    number,
    state,
    parameters,
    values,
    results,
    epochs,
  }))

async function finished(platform: Platform, id: number) {
  await until(async () => (await platform.services.studies.get(id)).status === 'FINISHED', 50_000)
  return trialsOf(platform, id)
}

/** That every trial had one run, which took every step once and in order. */
async function expectNoneTwice(platform: Platform, id: number, trials: readonly TrialRow[]): Promise<void> {
  const { studies, runs } = platform.services
  const own = await studies.runsOfTrials(trials.map(({ number }) => `${id}:${number}`))
  expect(own.map((list) => list.length)).toEqual(trials.map(() => 1))
  for (const [i, [run]] of own.entries()) {
    const { points } = await runs.series(run?.id ?? 0, { metric: 'loss', maxPoints: 500, sinceStep: null })
    const steps = 5 * (trials[i]?.epochs[0] ?? 0)
    expect(points.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, step) => step + 1))
  }
}

/** The same study where nobody dies, on a platform that is not in a hurry either. */
async function unbroken(platform: Platform, input: Partial<StartStudy>) {
  const [dataset] = await platform.services.datasets.byIds([1])
  const { id } = await platform.services.studies.start({ ...study, ...input, datasetId: dataset?.id ?? 0 })
  return outcome(await finished(platform, id))
}

/** Waits until so many epochs of a study are behind it and more under way. */
const midway = (server: { url: string }, id: number, epochs: number) =>
  until(async () => {
    const gid = Buffer.from(`Study:${id}`).toString('base64')
    const { study } = await request(server, `{ study(id: "${gid}") { spent { epochs } counts { running } } }`)
    return study.spent.epochs >= epochs && study.counts.running > 0
  }, 30_000)

onEveryDatabase('when the server dies in mid-study', (database) => {
  it('no trial is lost or run twice, and it comes to what it would have come to', async () => {
    const options = await database.fresh()
    const input: Partial<StartStudy> = {
      parallel: 1,
      sampler: { kind: 'tpe', startupTrials: 2 },
      pruner: { kind: 'successiveHalving', reductionFactor: 2 },
      budget: { trials: 6 },
    }
    const id = await queueStudy(options, input)
    const server = await spawnServer(options)
    await midway(server, id, 5)
    expect(await server.end('SIGKILL')).toBe('SIGKILL')

    const platform = await database.open(options)
    const before = outcome(await trialsOf(platform, id)).filter(({ state }) => state === 'complete')
    await platform.startWorker(trainer())
    const trials = await finished(platform, id)
    expect(trials).toHaveLength(6)
    expect(outcome(trials)).toEqual(expect.arrayContaining(before))
    await expectNoneTwice(platform, id, trials)
    expect(outcome(trials)).toEqual(await unbroken(platform, input))
  })

  it.runIf(database.kind === 'PostgreSQL')(
    'or one of several workers, the others do its trial too, each trial once',
    async () => {
      const options = await database.fresh()
      const input: Partial<StartStudy> = { sampler: { kind: 'sobol' }, pruner: { kind: 'none' }, budget: { trials: 8 } }
      const platform = await database.open(options)
      const { id: datasetId } = await platform.services.datasets.import(await datasetFolder())
      const victims = await Promise.all([spawnServer(options), spawnServer(options)])
      await platform.startWorker(trainer({ stepMs: 50 }))
      const { id } = await platform.services.studies.start({ ...study, ...input, datasetId })
      await midway(victims[1], id, 2)
      expect((await trialsOf(platform, id)).filter(({ state }) => state === 'running')).toHaveLength(3)
      await victims[0].end('SIGKILL')
      const trials = await finished(platform, id)
      expect(trials.map(({ state }) => state)).toEqual(Array(8).fill('complete'))
      await expectNoneTwice(platform, id, trials)
      expect(outcome(trials)).toEqual(await unbroken(platform, input))
    },
  )
})
