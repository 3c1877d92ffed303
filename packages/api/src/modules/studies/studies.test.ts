import type { Pruner, Space } from '@sporeprint/tuning'
import { expect, it } from 'vitest'
import { InvalidInput } from '../../errors.ts'
import type { Platform } from '../../platform.ts'
import { events, request, until } from '../../testing/client.ts'
import { datasetFolder, onEveryDatabase } from '../../testing/databases.ts'
import { type TrainerOptions, trainer } from '../../testing/trainer.ts'
import type { StartStudy } from './studies.service.ts'

const gid = (id: number) => Buffer.from(`Study:${id}`).toString('base64')

/** The rate of the line that the tests' trainer fits; above .28 it diverges. */
const space: Space = { baseLr: { kind: 'float', low: 1e-3, high: 0.2, log: true } }
const objectives: StartStudy['objectives'] = [{ metric: 'validLoss', direction: 'minimize' }]

/** A platform with workers that do `concurrency` jobs together, and a way to start a study. */
async function started(platform: Platform, concurrency = 1, options?: TrainerOptions) {
  if (concurrency > 0) await platform.startWorker(trainer(options), { concurrency })
  const { id: datasetId } = await platform.services.datasets.import(await datasetFolder())
  const { studies, runs } = platform.services
  const start = (input: Partial<StartStudy> = {}) =>
    studies.start({
      datasetId,
      space,
      objectives,
      config: { epochs: 9 },
      pruner: { kind: 'none' },
      budget: { trials: 6 },
      ...input,
    })
  return { studies, runs, start, datasetId }
}

const inStatus = (platform: Platform, id: number, status: string) =>
  until(async () => {
    const study = await platform.services.studies.get(id)
    return study.status === status && study
  }, 40_000)

const trialsOf = async (platform: Platform, id: number) => (await platform.services.studies.trialsOf([id]))[0] ?? []

const asha: Pruner = { kind: 'successiveHalving', reductionFactor: 3 }

onEveryDatabase('a study', (database) => {
  it('runs its trials side by side on all hands of the workers, and tells everything about them', async () => {
    const platform = await database.open()
    await started(platform, 3, { stepMs: 10 })
    const server = await platform.listen({ port: 0 })
    const { startStudy } = await request(
      server,
      `mutation($input: StartStudyInput!) { startStudy(input: $input) {
        ... on StartStudySuccess { study { id status name parallel counts { running } } } ... on UserError { message } } }`,
      {
        input: {
          dataset: Buffer.from('Dataset:1').toString('base64'),
          config: { epochs: 3, augmentation: { preset: 'default' } },
          space: [
            { name: 'baseLr', kind: 'float', low: 0.001, high: 0.2, log: true },
            { name: 'optimizer', kind: 'categorical', choices: [{ text: 'adamw' }, { text: 'sgd' }] },
            {
              name: 'momentum',
              kind: 'float',
              low: 0.5,
              high: 0.9,
              when: { parameter: 'optimizer', is: [{ text: 'sgd' }] },
            },
            { name: 'augment.rotate', kind: 'int', low: 0, high: 30 },
          ],
          objectives: [{ metric: 'validLoss' }],
          sampler: { kind: 'tpe', startupTrials: 4 },
          pruner: { kind: 'none' },
          budget: { trials: 8 },
          seed: 5,
        },
      },
    )
    expect(startStudy.study).toMatchObject({
      id: gid(1),
      status: 'RUNNING',
      name: 'letters resnet18 study',
      parallel: null,
      counts: { running: 3 },
    })
    let most = 0
    const watched = events(
      server,
      `subscription { studyUpdated(id: "${gid(1)}") { status counts { running complete } } }`,
    )
    for await (const { data } of watched) {
      const { status, counts } = data?.studyUpdated ?? {}
      most = Math.max(most, counts.running)
      if (status === 'FINISHED') break
    }
    expect(most).toBe(3)
    const { study } = await request(
      server,
      `query($id: ID!) { study(id: $id) {
        status outcome seed rungs folds dataset { name } config { epochs augmentation { rotate flipP } }
        objectives { metric direction } sampler { kind startupTrials candidates model } pruner { kind percentile }
        space { name kind low high log step choices { text } when { parameter is { text } } }
        budget { trials epochs hours } spent { trials epochs } counts { complete running failed }
        best { number values } bestInterval { low } paretoFront { number } history { trial { number } value best }
        importances { name importance trials } importanceEpochs
        trials(first: 3, orderBy: { field: value }) { totalCount edges { node {
          number state values epochs reason enqueued parameters { name number text flag } reports { epoch value }
          runs { name status trial { number } study { name } config { baseLr optimizer momentum augmentation { rotate flipP } } } } } }
        export(format: csv) } }`,
      { id: gid(1) },
    )
    expect(study).toMatchObject({
      status: 'FINISHED',
      outcome: 'The budget of trials is spent',
      seed: 5,
      rungs: [3],
      folds: 1,
      dataset: { name: 'letters' },
      objectives: [{ metric: 'validLoss', direction: 'minimize' }],
      sampler: { kind: 'tpe', startupTrials: 4, candidates: 24, model: 'mixed' },
      pruner: { kind: 'none', percentile: null },
      budget: { trials: 8, epochs: null, hours: null },
      spent: { trials: 8, epochs: 24 },
      counts: { complete: 8, running: 0, failed: 0 },
      bestInterval: null,
      importanceEpochs: 3,
    })
    expect(study.space.map(({ name }: { name: string }) => name)).toEqual([
      'baseLr',
      'optimizer',
      'momentum',
      'augment.rotate',
    ])
    expect(study.space[2]).toMatchObject({ when: { parameter: 'optimizer', is: [{ text: 'sgd' }] }, choices: null })
    const [best] = study.trials.edges.map(({ node }: { node: object }) => node)
    expect(study.trials.totalCount).toBe(8)
    expect(study.best).toEqual({ number: best.number, values: best.values })
    expect(study.paretoFront).toEqual([{ number: best.number }])
    expect(study.history.at(-1).best).toBe(best.values[0])
    expect(study.history).toHaveLength(8)
    expect(best.reports).toHaveLength(3)
    expect(best.reports.at(-1)).toEqual({ epoch: 3, value: best.values[0] })
    const given = Object.fromEntries(best.parameters.map((p: { name: string }) => [p.name, p]))
    expect(best.runs).toMatchObject([
      {
        name: `letters resnet18 study #${best.number}`,
        status: 'SUCCEEDED',
        trial: { number: best.number },
        config: {
          baseLr: given.baseLr.number,
          optimizer: given.optimizer.text,
          augmentation: { rotate: given['augment.rotate'].number, flipP: 0.5 },
        },
      },
    ])
    expect(
      study.importances.reduce((sum: number, { importance }: { importance: number }) => sum + importance, 0),
    ).toBeCloseTo(1)
    const lines = study.export.trim().split('\r\n')
    expect(lines[0]).toBe(
      'number,state,validLoss,params.baseLr,params.optimizer,params.momentum,params.augment.rotate,epochs,reason',
    )
    expect(lines).toHaveLength(9)

    // Its runs are told apart from others.
    const { runs } = await request(
      server,
      `{ runs: runs(filter: { study: "${gid(1)}" }) { totalCount } others: runs(filter: { ofStudies: false }) { totalCount } }`,
    ).then((data) => ({ runs: [data.runs.totalCount, data.others.totalCount] }))
    expect(runs).toEqual([8, 0])
  })

  it('pauses trials at rungs, and those that go on do so from their checkpoints', async () => {
    const platform = await database.open()
    const { studies, runs, start } = await started(platform)
    const { id } = await start({
      pruner: asha,
      parallel: 1,
      budget: { trials: 9 },
      sampler: { kind: 'sobol' },
      sizes: [64],
      finalSeeds: 2,
    })
    const study = await inStatus(platform, id, 'FINISHED')
    const trials = await trialsOf(platform, id)
    // Rungs at 1, 3 and 9: each trial trains to one of them, and no epoch twice.
    expect(trials.map(({ epochs }) => epochs[0]).every((n) => [1, 3, 9].includes(n ?? 0))).toBe(true)
    const whole = trials.filter(({ state }) => state === 'complete')
    expect(whole.length).toBeGreaterThan(0)
    expect(trials.filter(({ epochs }) => epochs[0] === 1).length).toBeGreaterThan(4)
    for (const trial of trials) {
      const [own = []] = await studies.runsOfTrials([`${id}:${trial.number}`])
      const run = own[0] as NonNullable<(typeof own)[0]>
      // Every rung ends a schedule of its own, the first one on small images.
      expect(run).toMatchObject({ restarts: [1, 3], config: { progressive: [{ size: 64, epochs: 1 }], size: 224 } })
      expect(run.attempt).toBe(trial.results.length)
      const { points } = await runs.series(run.id, { metric: 'loss', maxPoints: 500, sinceStep: null })
      // Every step once, whatever pauses lie between.
      expect(points.map(({ step }) => step)).toEqual(
        Array.from({ length: 5 * (trial.epochs[0] ?? 0) }, (_, i) => i + 1),
      )
      expect(run.status).toBe(
        trial.state === 'complete' ? 'SUCCEEDED' : trial.state === 'pruned' ? 'STOPPED' : 'PAUSED',
      )
      if (run.status === 'PAUSED') await expect(runs.resume(run.id)).rejects.toThrow(`PAUSED by study ${id}`)
      // Only what may go on keeps the checkpoint to go on from.
      await until(async () => {
        const [kept = []] = await platform.services.models.ofRuns([run.id])
        const wanted = { PAUSED: 'best last', SUCCEEDED: 'best' }[run.status as string] ?? ''
        return kept.map(({ kind }) => kind).join(' ') === wanted
      })
    }

    // The winner was trained anew under two other seeds, whole and at full size.
    const best = trials.reduce((a, b) => ((b.value ?? Infinity) < (a.value ?? Infinity) ? b : a))
    const [own = []] = await studies.runsOfTrials([`${id}:${best.number}`])
    expect(
      own.map(({ final, until, config, status }) => [final, until, config.seed, config.progressive.length, status]),
    ).toEqual([
      [false, 9, 42, 1, 'SUCCEEDED'],
      [true, null, 43, 0, 'SUCCEEDED'],
      [true, null, 44, 0, 'SUCCEEDED'],
    ])
    expect(await studies.finalScore(study, best)).toEqual({ mean: 0.5, deviation: 0, split: 'valid', n: 4, seeds: 2 })
    const accurate = {
      ...study,
      plan: { ...study.plan, objectives: [{ metric: 'accuracy', direction: 'maximize' as const }] },
    }
    expect(await studies.interval(accurate, { ...best, values: [0.75] })).toEqual({ low: 0.25, high: 1, n: 4 })
  })

  it('stops a trial in mid-training that is worse than the median of those before', async () => {
    const platform = await database.open()
    const { start, runs, studies } = await started(platform, 1, { stepMs: 8 })
    const { id } = await start({
      parallel: 1,
      pruner: { kind: 'median', startupTrials: 1 },
      budget: { trials: 2 },
      baseline: false,
      enqueue: [{ baseLr: 0.1 }, { baseLr: 0.001 }],
    })
    await inStatus(platform, id, 'FINISHED')
    const [good, bad] = await trialsOf(platform, id)
    expect(good).toMatchObject({ state: 'complete', parameters: { baseLr: 0.1 }, enqueued: true, epochs: [9] })
    expect(bad).toMatchObject({ state: 'pruned', reason: 'the median pruner gave it up' })
    expect(bad?.epochs[0]).toBeLessThan(9)
    const [own = []] = await studies.runsOfTrials([`${id}:1`])
    expect(own[0]).toMatchObject({ status: 'STOPPED' })
    expect((await runs.epochs([own[0]?.id ?? 0])).length).toBeLessThan(9)
  })

  it('stops with all its runs, goes on where they were, takes trials by hand, and does more when it is extended', async () => {
    const platform = await database.open()
    const { studies, runs, start } = await started(platform, 2, { stepMs: 10 })
    const { id } = await start({ budget: { trials: 3 }, config: { epochs: 6 } })
    const own = async () => (await studies.runsOfTrials([0, 1, 2].map((n) => `${id}:${n}`))).flat()
    await until(async () => (await runs.epochs((await own()).map(({ id }) => id))).length >= 3)
    expect(await studies.stop(id)).toMatchObject({ status: 'STOPPED', outcome: null, runningSince: null })
    expect((await own()).map(({ status }) => status)).toEqual(['PAUSED', 'PAUSED'])
    expect((await trialsOf(platform, id)).map(({ state }) => state)).toEqual(['paused', 'paused'])
    expect(await studies.enqueue(id, { baseLr: 0.15 })).toMatchObject({ number: 2, state: 'waiting' })
    await expect(studies.enqueue(id, { baseLr: 7 })).rejects.toThrow('baseLr cannot be 7 in this space')

    await studies.resume(id)
    await expect(studies.resume(id)).rejects.toThrow(`Study ${id} is already RUNNING`)
    await inStatus(platform, id, 'FINISHED')
    expect((await own()).map(({ status, attempt }) => [status, attempt])).toEqual([
      ['SUCCEEDED', 2],
      ['SUCCEEDED', 2],
      ['SUCCEEDED', 1],
    ])
    expect((await trialsOf(platform, id))[2]).toMatchObject({ parameters: { baseLr: 0.15 }, state: 'complete' })
    await expect(studies.stop(id)).rejects.toThrow('it has FINISHED')
    await expect(studies.enqueue(id, {})).rejects.toThrow('extendStudy first')

    await studies.extend(id, { trials: 4 })
    await inStatus(platform, id, 'FINISHED')
    expect((await trialsOf(platform, id)).map(({ state }) => state)).toEqual(Array(4).fill('complete'))
    const [first] = await own()
    await expect(runs.delete([first?.id ?? 0])).rejects.toThrow('deleteStudies takes its runs along')
    expect(await studies.update(id, { name: ' named ', notes: 'well' })).toMatchObject({ name: 'named', notes: 'well' })
    await studies.delete([id])
    expect(await runs.byIds([first?.id ?? 0])).toEqual([])
    await expect(studies.get(id)).rejects.toThrow(`There is no study ${id}`)
  })

  it('ends when its epochs are spent, or its hours', async () => {
    const platform = await database.open()
    const { start } = await started(platform)
    const config = { epochs: 3 }
    const { id } = await start({ parallel: 1, config, budget: { epochs: 7 } })
    expect(await inStatus(platform, id, 'FINISHED')).toMatchObject({ outcome: 'The budget of epochs is spent' })
    expect((await trialsOf(platform, id)).map(({ epochs }) => epochs[0])).toEqual([3, 3])
    const short = await start({ parallel: 1, config, budget: { hours: 1e-5 } })
    expect(await inStatus(platform, short.id, 'FINISHED')).toMatchObject({ outcome: 'The budget of hours is spent' })
    const grid = await start({
      parallel: 1,
      config,
      sampler: { kind: 'grid' },
      space: { optimizer: { kind: 'categorical', choices: ['adamw', 'sgd'] } },
      budget: {},
    })
    const over = await inStatus(platform, grid.id, 'FINISHED')
    expect(over.outcome).toBe('Every combination of the space was tried')
    expect(await trialsOf(platform, grid.id)).toHaveLength(2)
  })

  it('counts a run that fails as a failed trial, one stopped by hand as pruned, and is stopped where all fail', async () => {
    const platform = await database.open()
    const { start, runs, studies } = await started(platform, 0)
    const { id } = await start({ parallel: 1, budget: { trials: 3 }, config: { epochs: 2 } })
    const [[waiting] = []] = await studies.runsOfTrials([`${id}:0`])
    await runs.stop(waiting?.id ?? 0)
    await until(async () => (await trialsOf(platform, id)).length === 2)
    expect((await trialsOf(platform, id))[0]).toMatchObject({ state: 'pruned', reason: 'its run was stopped by hand' })
    const error = Object.assign(new Error('no such images'), { code: 'DATASET' })
    await platform.startWorker(trainer({ failAt: { step: 2, error } }))
    await inStatus(platform, id, 'FINISHED')
    expect((await trialsOf(platform, id)).slice(1)).toMatchObject(
      Array(2).fill({ state: 'failed', reason: 'no such images' }),
    )
    const hopeless = await start({ parallel: 1, budget: { trials: 100 } })
    expect(await inStatus(platform, hopeless.id, 'STOPPED')).toMatchObject({
      outcome: '5 trials have failed, and none has not: no such images',
    })
    expect(await trialsOf(platform, hopeless.id)).toHaveLength(5)
  })

  it('begins with a range test, if it is to, and searches around what that found', async () => {
    const platform = await database.open()
    const { start } = await started(platform)
    const enqueue = [{ baseLr: 0.1 }, { baseLr: 0.002 }]
    const { id } = await start({ parallel: 1, findRate: true, enqueue, budget: { trials: 3 }, config: { epochs: 1 } })
    const { plan, extras } = await inStatus(platform, id, 'FINISHED')
    expect(extras.rate).toMatchObject({ settled: true, rate: 0.05, range: { low: 0.01, high: 0.2 } })
    expect(plan.space.baseLr).toEqual({ kind: 'float', low: 0.01, high: 0.2, log: true })
    expect(plan.baseline).toEqual({ baseLr: 0.05 })
    const rates = (await trialsOf(platform, id)).map(({ parameters }) => Number(parameters.baseLr))
    expect(rates.slice(0, 2)).toEqual([0.05, 0.1])
    // .002 lies outside of what is searched now.
    expect(rates[2]).toBeGreaterThanOrEqual(0.01)
  })

  it('begins with its config as it stands and trains that to the end, unless it is told not to', async () => {
    const platform = await database.open()
    const { start } = await started(platform)
    const search = { parallel: 1, pruner: asha, budget: { trials: 3 }, config: { epochs: 9, baseLr: 0.001 } }
    const { id } = await start(search)
    await inStatus(platform, id, 'FINISHED')
    const [baseline, ...others] = await trialsOf(platform, id)
    expect(baseline).toMatchObject({ state: 'complete', parameters: { baseLr: 0.001 }, epochs: [9] })
    // One of three comes through the first rung, one that is better than the baseline; of two none through the next.
    expect(others.map(({ epochs }) => epochs[0]).toSorted()).toEqual([1, 3])
    const even = await start({ ...search, baseline: false })
    expect((await inStatus(platform, even.id, 'FINISHED')).plan.baseline).toBeUndefined()
    expect((await trialsOf(platform, even.id))[0]?.parameters.baseLr).not.toBe(0.001)
  })

  it('validates on folds, one run each, and takes the mean', async () => {
    const platform = await database.open()
    const { start, studies } = await started(platform)
    const { id } = await start({ parallel: 1, folds: 3, budget: { trials: 2 }, config: { epochs: 2 } })
    await inStatus(platform, id, 'FINISHED')
    const trials = await trialsOf(platform, id)
    expect(trials).toMatchObject(Array(2).fill({ state: 'complete', epochs: [2, 2, 2] }))
    const [own = []] = await studies.runsOfTrials([`${id}:0`])
    expect(own.map(({ config, name }) => [config.folds, config.fold, name])).toEqual(
      [0, 1, 2].map((fold) => [3, fold, `letters resnet18 study #0, fold ${fold}`]),
    )
  })

  it('refuses what cannot be searched, and says why', async () => {
    const platform = await database.open()
    const { start } = await started(platform, 0)
    const refused = async (input: Partial<StartStudy>) => {
      const error = await start(input).then(
        () => null,
        (error: unknown) => error,
      )
      expect(error).toBeInstanceOf(InvalidInput)
      return (error as InvalidInput).issues
    }
    expect(await refused({ space: { rate: { kind: 'float', low: 0, high: 1 } } })).toEqual([
      {
        field: 'input.space.rate',
        value: 'rate',
        message: 'must be a setting of RunConfig, or augment. and a number of Augmentation',
      },
    ])
    expect(await refused({ space: { batch: { kind: 'int', low: 0, high: 64 } } })).toMatchObject([
      { message: 'cannot be 0: must be a whole number from 1 to 4096' },
    ])
    expect(await refused({ space: { fold: { kind: 'int', low: 0, high: 3 } } })).toMatchObject([
      { message: 'is the same in all trials of a study: set it in config' },
    ])
    expect(await refused({ space: {} })).toMatchObject([
      { message: expect.stringContaining('The search space is empty') },
    ])
    expect(await refused({ budget: { trials: 0 } })).toMatchObject([{ field: 'input.budget.trials', value: '0' }])
    expect(
      await refused({ pruner: asha, objectives: [...objectives, { metric: 'seconds', direction: 'minimize' }] }),
    ).toMatchObject([{ message: expect.stringContaining('cannot prune') }])
    // What the tuning package refuses has the name of the input's part, for a form to show it there.
    expect(await refused({ pruner: asha, rungs: [3, 1] })).toMatchObject([{ field: 'input.rungs' }])
    expect(await refused({ folds: 0 })).toMatchObject([{ field: 'input.folds' }])
    expect(await refused({ sampler: { kind: 'grid' } })).toMatchObject([{ field: 'input.space.baseLr' }])
    const when = { parameter: 'optimizer', is: ['sgd'] }
    const momentum = { kind: 'float', low: 0.5, high: 0.9, when } as const
    expect(await refused({ space: { ...space, momentum } })).toMatchObject([
      { field: 'input.space.momentum', message: 'momentum depends on optimizer: declare that parameter before it' },
    ])
  })
})
