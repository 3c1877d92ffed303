import { rm } from 'node:fs/promises'
import {
  type Budget,
  baselineOf,
  createPlan,
  type Parameters,
  type Pruner,
  pausesAtRungs,
  record,
  rungsOf,
  type Sampler,
  type Space,
  type StudyPlan,
  TuningError,
} from '@sporeprint/tuning'
import { eq, inArray, sql } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { Conflict, type InputIssue, InvalidInput, NotFound } from '../../errors.ts'
import type { RunConfigInput } from '../../jobs/contracts.ts'
import { announce } from '../../live/live.ts'
import { datasets } from '../datasets/datasets.table.ts'
import type { JobService } from '../jobs/jobs.service.ts'
import type { RunService } from '../runs/runs.service.ts'
import { runs } from '../runs/runs.table.ts'
import { monitorOf } from './objectives.ts'
import { advance, forgetCheckpoints, hear, stopped, studiesWithNews } from './studies.advance.ts'
import { StudyReader } from './studies.reader.ts'
import { lockStudy, type StudyState, saveStudy } from './studies.state.ts'
import { type StudyRow, studies, type TrialRow } from './studies.table.ts'
import { checkSpaceOfRuns, settingsByName } from './trial-config.ts'

export interface StartStudy {
  datasetId: number
  name?: string | null | undefined
  notes?: string | null | undefined
  /** What all trials have in common. `epochs` is the most that one may take. */
  config?: RunConfigInput
  space: Space
  objectives: StudyPlan['objectives']
  sampler?: Sampler | undefined
  pruner?: Pruner | undefined
  seed?: number | null | undefined
  /** Left out: as many trials at a time as workers do jobs. */
  parallel?: number | null | undefined
  rungs?: readonly number[] | null | undefined
  folds?: number | null | undefined
  /** Default: twenty trials. */
  budget?: Partial<Budget> | null | undefined
  /** Whether every rung is the end of a complete schedule, after which another one begins. Default true. */
  restarts?: boolean | null | undefined
  /** Sides of the images up to the first rungs, in pixels, rising. Default none: one size. */
  sizes?: readonly number[] | null | undefined
  /** Seeds under which the winner is trained anew and tested. Default 3 where the dataset has a test split. */
  finalSeeds?: number | null | undefined
  /** Whether the range test comes first, and baseLr is searched around what it suggests. */
  findRate?: boolean | null | undefined
  /** Whether trial 0 is `config` as it stands, and the search begins around it. Default true, but for a grid. */
  baseline?: boolean | null | undefined
  /** Parameters to try first, after that; what they leave open is the sampler's. */
  enqueue?: readonly Parameters[]
}

export interface UpdateStudy {
  name?: string | null | undefined
  /** null takes the notes away. */
  notes?: string | null | undefined
  parallel?: number | null | undefined
}

/** More at a time than any set of workers does. */
export const anyNumber = 1000

const usualTrials = 20
const usualSeeds = 3
const usualPruner: Pruner = { kind: 'successiveHalving', reductionFactor: 3 }

/** @throws InvalidInput where there are more sizes than rungs before the last, or they do not rise. */
function checkedSizes(sizes: readonly number[], plan: StudyPlan, size: number): number[] {
  const refuse = (message: string) => new InvalidInput([{ field: 'input.sizes', value: sizes.join(', '), message }])
  const below = pausesAtRungs(plan) ? rungsOf(plan).length - 1 : 0
  if (sizes.length > below) throw refuse(`must be at most ${below}: one for each rung before the last epoch`)
  const small = sizes.some((side, k) => !Number.isInteger(side) || side < 32 || side >= (sizes[k + 1] ?? size))
  if (small) throw refuse(`must be whole numbers from 32 that rise, below the size of ${size}`)
  return [...sizes]
}

function checkedName(name: string): string {
  const trimmed = name.trim()
  if (trimmed.length >= 1 && trimmed.length <= 200) return trimmed
  throw new InvalidInput([{ field: 'input.name', value: name, message: 'must have 1 to 200 characters' }])
}

/** @throws InvalidInput where nothing would ever end the study, or a limit is none. */
function checkBudget(budget: Partial<Budget>): void {
  const issues = Object.entries(budget).flatMap(([name, limit]): InputIssue[] => {
    if (limit === null) return []
    const fits = name === 'hours' ? limit > 0 : Number.isInteger(limit) && limit > 0
    const message = name === 'hours' ? 'must be above 0' : 'must be a whole number above 0'
    return fits ? [] : [{ field: `input.budget.${name}`, value: String(limit), message }]
  })
  if (issues.length > 0) throw new InvalidInput(issues)
}

async function locked(tx: Database, id: number): Promise<StudyState> {
  const state = await lockStudy(tx, id)
  if (!state) throw new NotFound('Study', id)
  return state
}

/** What the tuning package refuses, as the input's fault. */
function checked<T>(field: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof TuningError)) throw error
    const part = error.field === null ? field : `${field}.${error.field}`
    throw new InvalidInput([{ field: part, value: null, message: error.message }])
  }
}

/** What can be done to studies by those who ask for them; how they go on is in studies.advance.ts. */
export class StudyService extends StudyReader {
  readonly #runs: RunService
  readonly #jobs: JobService

  constructor(db: Database, runService: RunService, jobService: JobService) {
    super(db)
    this.#runs = runService
    this.#jobs = jobService
  }

  /**
   * Starts a study and its first trials.
   * @throws InvalidInput, NotFound (the dataset)
   */
  async start(input: StartStudy): Promise<StudyRow> {
    const given = { monitor: monitorOf(input.objectives), ...input.config }
    const config = this.#runs.checkedConfig(given)
    const limits = input.budget ?? { trials: usualTrials }
    checkBudget(limits)
    if (config.epochs === 0) {
      throw new InvalidInput([{ field: 'config.epochs', value: '0', message: 'is how far a trial may go: at least 1' }])
    }
    const name = input.name == null ? undefined : checkedName(input.name)
    const { space, objectives, sampler, pruner, seed, parallel, rungs, folds } = input
    const baseline = (input.baseline ?? sampler?.kind !== 'grid') ? baselineOf(space, settingsByName(config)) : null
    const plan = checked('input', () =>
      createPlan({
        // Hyperband deals trials out by the name, which must not change with that of the study.
        name: 'study',
        space,
        objectives,
        epochs: config.epochs,
        freezeEpochs: config.freezeEpochs,
        parallel: parallel ?? anyNumber,
        // A lost run is tried again by the queue, which counts for itself.
        retries: 0,
        budget: limits,
        pruner: pruner ?? (objectives.length > 1 ? { kind: 'none' } : usualPruner),
        ...(sampler && { sampler }),
        ...(baseline && { baseline }),
        ...(typeof seed === 'number' && { seed }),
        ...(rungs && { rungs }),
        ...(typeof folds === 'number' && { folds }),
      }),
    )
    checkSpaceOfRuns(space, given, (settings) => this.#runs.checkedConfig(settings))
    const { restarts, finalSeeds } = input
    if (input.findRate && space.baseLr?.kind !== 'float') {
      const message = 'needs baseLr in the space, as a float: it is searched around the rate that is found'
      throw new InvalidInput([{ field: 'input.findRate', value: 'true', message }])
    }
    const sizes = checkedSizes(input.sizes ?? [], plan, config.size)
    const id = await this.db.transaction(async (tx) => {
      const [dataset] = await tx.select().from(datasets).where(eq(datasets.id, input.datasetId))
      if (!dataset) throw new NotFound('Dataset', input.datasetId)
      const tested = dataset.classes.some(({ test }) => test > 0)
      const extras = {
        restarts: restarts ?? true,
        sizes,
        finalSeeds: finalSeeds ?? (tested ? usualSeeds : 0),
        rate: null,
      }
      const [row] = await tx
        .insert(studies)
        .values({
          name: name ?? `${dataset.name} ${config.arch} study`,
          notes: input.notes ?? null,
          datasetId: dataset.id,
          config: given,
          plan,
          extras,
          createdAt: sql`now()`,
          runningSince: sql`now()`,
        })
        .returning({ id: studies.id })
      const study = row as { id: number }
      const first = [...(baseline ? [baseline] : []), ...(input.enqueue ?? [])]
      if (first.length > 0) await this.#enqueue(await locked(tx, study.id), tx, first)
      if (input.findRate) {
        const { id: jobId } = await this.#jobs.ask(tx, 'findRate', { studyId: study.id }, null)
        const rate = { jobId, settled: false, rate: null, range: null }
        await tx
          .update(studies)
          .set({ extras: { ...extras, rate } })
          .where(eq(studies.id, study.id))
      }
      await announce(tx, 'study', 'created', study.id)
      await advance(tx, this.#runs, study.id)
      return study.id
    })
    return this.get(id)
  }

  /**
   * Takes all its runs from their workers; they keep their checkpoints.
   * @throws NotFound, Conflict where it is FINISHED.
   */
  async stop(id: number): Promise<StudyRow> {
    await this.db.transaction(async (tx) => {
      const state = await locked(tx, id)
      if (state.row.status === 'STOPPED') return
      if (state.row.status === 'FINISHED') throw new Conflict(`Study ${id} cannot be stopped: it has FINISHED`)
      await hear({ tx, state })
      for (const { number, state: was } of state.driven.trials) {
        if (was !== 'running') continue
        record(state.driven, { kind: 'lost', number, reason: 'the study was stopped', blameless: true })
      }
      for (const { id } of state.runs) await this.#runs.halt(tx, id, 'PAUSED')
      await saveStudy(tx, state, stopped(state.row, null))
      await announce(tx, 'study', 'updated', id)
    })
    return this.get(id)
  }

  /** @throws NotFound, Conflict where it is not STOPPED. */
  async resume(id: number): Promise<StudyRow> {
    await this.db.transaction(async (tx) => {
      const { row } = await locked(tx, id)
      if (row.status === 'RUNNING') throw new Conflict(`Study ${id} is already RUNNING`)
      if (row.status === 'FINISHED') throw new Conflict(`Study ${id} has FINISHED; extendStudy gives it more to do`)
      await this.#run(tx, id)
    })
    return this.get(id)
  }

  /**
   * Sets new totals, which what was done so far counts against; a FINISHED study goes on.
   * @throws InvalidInput, NotFound
   */
  async extend(id: number, budget: Partial<Budget>): Promise<StudyRow> {
    checkBudget(budget)
    await this.db.transaction(async (tx) => {
      const state = await locked(tx, id)
      const all = { ...state.row.plan.budget, ...budget }
      checked('input', () => record(state.driven, { kind: 'budgeted', budget: all }))
      await saveStudy(tx, state)
      if (state.row.status === 'FINISHED') await this.#run(tx, id)
      else await this.#goAhead(tx, id)
    })
    return this.get(id)
  }

  /**
   * Puts a trial into the study's queue; what its parameters leave open is the sampler's.
   * @throws InvalidInput, NotFound, Conflict where the study is FINISHED.
   */
  async enqueue(id: number, parameters: Parameters): Promise<TrialRow> {
    const number = await this.db.transaction(async (tx) => {
      const state = await locked(tx, id)
      if (state.row.status === 'FINISHED') {
        throw new Conflict(`Study ${id} has FINISHED: extendStudy first, so that it has room for another trial`)
      }
      await this.#enqueue(state, tx, [parameters])
      await this.#goAhead(tx, id)
      return state.driven.trials.length - 1
    })
    const [trial] = await this.trialsByKey([`${id}:${number}`])
    return trial as TrialRow
  }

  /** @throws InvalidInput, NotFound */
  async update(id: number, input: UpdateStudy): Promise<StudyRow> {
    const name = input.name == null ? undefined : checkedName(input.name)
    await this.db.transaction(async (tx) => {
      const { row } = await locked(tx, id)
      const parallel = input.parallel === undefined ? row.plan.parallel : (input.parallel ?? anyNumber)
      if (!(Number.isInteger(parallel) && parallel >= 1)) {
        throw new InvalidInput([{ field: 'input.parallel', value: String(parallel), message: 'must be at least 1' }])
      }
      const notes = input.notes === undefined ? row.notes : input.notes
      await tx
        .update(studies)
        .set({ name: name ?? row.name, notes, plan: { ...row.plan, parallel } })
        .where(eq(studies.id, id))
      await this.#goAhead(tx, id)
    })
    return this.get(id)
  }

  /**
   * Deletes studies with their trials, their runs and the runs' folders: all or, on an error, none.
   * @throws NotFound, Conflict where one of them is RUNNING or a worker still holds one of their runs.
   */
  async delete(ids: readonly number[]): Promise<void> {
    const runIds = await this.db.transaction(async (tx) => {
      for (const id of ids) {
        const { row } = await locked(tx, id)
        if (row.status === 'RUNNING') throw new Conflict(`Study ${id} is RUNNING; stop it first`)
      }
      const rows = await tx
        .select({ id: runs.id })
        .from(runs)
        .where(inArray(runs.studyId, [...ids]))
      const all = rows.map(({ id }) => id)
      await this.#runs.remove(tx, all)
      await tx.delete(studies).where(inArray(studies.id, [...ids]))
      for (const id of ids) await announce(tx, 'study', 'deleted', id)
      return all
    })
    await this.#runs.removeFolders(runIds)
  }

  /** Looks after one study: its run has reported an epoch or ended. */
  async advance(id: number): Promise<void> {
    const unwanted = await this.db.transaction(async (tx) => {
      await advance(tx, this.#runs, id)
      return forgetCheckpoints(tx, id)
    })
    for (const path of unwanted) await rm(path, { recursive: true, force: true })
  }

  /** Looks after every study that has news which nobody followed up, such as one whose worker died. */
  async reconcile(): Promise<void> {
    for (const id of await studiesWithNews(this.db)) await this.advance(id)
  }

  async #enqueue({ driven, ...state }: StudyState, tx: Database, list: readonly Parameters[]): Promise<void> {
    for (const parameters of list) {
      checked('input.parameters', () => record(driven, { kind: 'enqueued', parameters }))
    }
    await saveStudy(tx, { ...state, driven })
  }

  /** Lets a study that was not RUNNING go on. */
  async #run(tx: Database, id: number): Promise<void> {
    await tx
      .update(studies)
      .set({ status: 'RUNNING', outcome: null, finishedAt: null, runningSince: sql`now()` })
      .where(eq(studies.id, id))
    await this.#goAhead(tx, id)
  }

  async #goAhead(tx: Database, id: number): Promise<void> {
    await advance(tx, this.#runs, id)
    await announce(tx, 'study', 'updated', id)
  }
}
