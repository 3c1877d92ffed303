import { rm } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import { and, eq, inArray, isNotNull, sql } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { Conflict, type InputIssue, InvalidInput, NotFound } from '../../errors.ts'
import { parseRunConfig, type RunConfig, type RunConfigInput } from '../../jobs/contracts.ts'
import type { Queue } from '../../jobs/queue.ts'
import { announce } from '../../live/live.ts'
import { datasets } from '../datasets/datasets.table.ts'
import { liesUnder } from '../datasets/scan.ts'
import { lostAfter } from '../workers/workers.service.ts'
import { workers } from '../workers/workers.table.ts'
import { RunReader } from './runs.reader.ts'
import { type RunRow, runs } from './runs.table.ts'

export interface StartRun {
  datasetId: number
  name?: string | null | undefined
  config?: RunConfigInput
  tags?: readonly string[] | null | undefined
  notes?: string | null | undefined
}

export interface UpdateRun {
  name?: string | null | undefined
  tags?: readonly string[] | null | undefined
  /** null takes the notes away. */
  notes?: string | null | undefined
}

export interface RunServiceOptions {
  /** Folder that holds one folder a run. */
  runsDir: string
  /** Folders that weights must lie under; undefined allows any. */
  roots: readonly string[] | undefined
  now: () => Date
}

const cleanTags = (tags: readonly string[]): string[] => [...new Set(tags.map((tag) => tag.trim()))]

function check(fields: { name?: string | undefined; tags?: readonly string[] | undefined }): void {
  const issues: InputIssue[] = []
  const { name, tags } = fields
  if (name !== undefined && (name.length < 1 || name.length > 200)) {
    issues.push({ field: 'input.name', value: name, message: 'must have 1 to 200 characters' })
  }
  for (const tag of tags ?? []) {
    if (tag.length < 1 || tag.length > 50) {
      issues.push({ field: 'input.tags', value: tag, message: 'each tag must have 1 to 50 characters' })
    }
  }
  if (tags && tags.length > 20) {
    issues.push({ field: 'input.tags', value: `${tags.length} tags`, message: 'must be at most 20 tags' })
  }
  if (issues.length > 0) throw new InvalidInput(issues)
}

/** What can be done to runs by those who ask for them; what their workers do is in runs.lifecycle.ts. */
export class RunService extends RunReader {
  readonly #queue: Queue
  readonly #options: RunServiceOptions

  constructor(db: Database, queue: Queue, options: RunServiceOptions) {
    super(db)
    this.#queue = queue
    this.#options = options
  }

  /** The folder of a run's checkpoints and history. */
  folder(id: number): string {
    return join(this.#options.runsDir, String(id))
  }

  /**
   * Queues a training; the run and its job are there together or not at all.
   * @throws InvalidInput, NotFound (the dataset)
   */
  async start(input: StartRun): Promise<RunRow> {
    const config = this.checkedConfig(input.config ?? {})
    const name = input.name?.trim()
    const tags = cleanTags(input.tags ?? [])
    check({ name, tags })
    return this.db.transaction(async (tx) => {
      const [dataset] = await tx.select().from(datasets).where(eq(datasets.id, input.datasetId))
      if (!dataset) throw new NotFound('Dataset', input.datasetId)
      return this.create(tx, {
        name: name ?? `${dataset.name} ${config.arch}`,
        datasetId: dataset.id,
        config,
        tags,
        notes: input.notes ?? null,
      })
    })
  }

  /**
   * Every setting of a run, none left open.
   * @throws InvalidInput
   */
  checkedConfig(input: RunConfigInput): RunConfig {
    const config = parseRunConfig(input)
    this.#checkWeights(config.weights)
    return config
  }

  /** Queues a run whose parts have been checked. */
  async create(tx: Database, run: Omit<typeof runs.$inferInsert, 'createdAt'>): Promise<RunRow> {
    const [{ id } = { id: 0 }] = await tx
      .insert(runs)
      .values({ ...run, createdAt: this.#options.now() })
      .returning({ id: runs.id })
    await announce(tx, 'run', 'created', id)
    return this.#set(tx, id, { jobId: await this.#queue.enqueue(tx, 'train', id) })
  }

  /** Queues a run that has stopped again, to train until the end of the epoch `until`. */
  async goOn(tx: Database, id: number, until: number | null): Promise<RunRow> {
    await announce(tx, 'run', 'updated', id)
    const jobId = await this.#queue.enqueue(tx, 'train', id)
    return this.#set(tx, id, { status: 'QUEUED', jobId, until, finishedAt: null, error: null })
  }

  /** Takes a run from the queue or from its worker, which keeps the last checkpoint. One that has come to its end stays as it is. */
  async halt(tx: Database, id: number, status: 'STOPPED' | 'PAUSED'): Promise<RunRow> {
    const run = await this.#lock(tx, id)
    if (!['QUEUED', 'RUNNING', 'PAUSED'].includes(run.status) || run.status === status) return run
    if (run.status !== 'PAUSED' && run.jobId) await this.#queue.cancel(tx, 'train', run.jobId)
    await announce(tx, 'run', 'stopped', id)
    return this.#set(tx, id, { status, finishedAt: status === 'PAUSED' ? null : this.#options.now() })
  }

  /**
   * The run is STOPPED as soon as this returns; its worker hears of it at once and comes to its end on its own. A trial's run
   * makes its trial pruned.
   * @throws NotFound, Conflict where the run has finished in another way.
   */
  stop(id: number): Promise<RunRow> {
    return this.db.transaction(async (tx) => {
      const run = await this.halt(tx, id, 'STOPPED')
      if (run.status !== 'STOPPED') throw new Conflict(`Run ${id} cannot be stopped: it has ${run.status}`)
      return run
    })
  }

  /** @throws NotFound, Conflict where the run is not STOPPED, FAILED or CRASHED. */
  resume(id: number): Promise<RunRow> {
    return this.db.transaction(async (tx) => {
      const run = await this.#lock(tx, id)
      if (run.status === 'QUEUED' || run.status === 'RUNNING') throw new Conflict(`Run ${id} is already ${run.status}`)
      if (run.status === 'SUCCEEDED') throw new Conflict(`Run ${id} has SUCCEEDED; there is nothing left to resume`)
      if (run.status === 'PAUSED') {
        throw new Conflict(`Run ${id} is PAUSED by study ${run.studyId}, which decides when it goes on`)
      }
      if (run.studyId !== null && !run.final) {
        throw new Conflict(
          `Run ${id} was trial ${run.trial} of study ${run.studyId}, which is over with it; enqueueTrial tries its parameters again`,
        )
      }
      return this.goOn(tx, id, null)
    })
  }

  /** @throws InvalidInput, NotFound */
  update(id: number, input: UpdateRun): Promise<RunRow> {
    const name = input.name?.trim()
    const tags = input.tags ? cleanTags(input.tags) : undefined
    check({ name, tags })
    return this.db.transaction(async (tx) => {
      const run = await this.#lock(tx, id)
      const notes = input.notes === undefined ? run.notes : input.notes
      await announce(tx, 'run', 'updated', id)
      return this.#set(tx, id, { name: name ?? run.name, tags: tags ?? run.tags, notes })
    })
  }

  /**
   * Deletes runs, what they have stored and their folders: all or, on an error, none.
   * @throws NotFound, Conflict where a worker holds one of them.
   */
  async delete(ids: readonly number[]): Promise<void> {
    await this.db.transaction(async (tx) => {
      const [trial] = await tx
        .select()
        .from(runs)
        .where(and(inArray(runs.id, [...ids]), isNotNull(runs.studyId)))
      if (trial) {
        throw new Conflict(
          `Run ${trial.id} belongs to trial ${trial.trial} of study ${trial.studyId}; deleteStudies takes its runs along`,
        )
      }
      await this.remove(tx, ids)
    })
    await this.removeFolders(ids)
  }

  /** Deletes the rows of runs, whoever started them. @throws NotFound, Conflict where a worker holds one of them. */
  async remove(tx: Database, ids: readonly number[]): Promise<void> {
    const found = await tx
      .select({
        run: runs,
        held: sql<boolean>`exists (select from ${workers} where ${workers.id} = ${runs.workerId}
            and ${workers.heartbeatAt} > now() - ${lostAfter}::interval)`,
      })
      .from(runs)
      .where(inArray(runs.id, [...ids]))
      .for('update')
    for (const id of ids) {
      const entry = found.find(({ run }) => run.id === id)
      if (!entry) throw new NotFound('Run', id)
      const { run, held } = entry
      if (run.status === 'RUNNING') throw new Conflict(`Run ${id} is RUNNING; stop it first`)
      if (held) throw new Conflict(`The worker of run ${id} is still putting it down; try again in a moment`)
      if (run.status === 'QUEUED' && run.jobId) await this.#queue.cancel(tx, 'train', run.jobId)
    }
    await tx.delete(runs).where(inArray(runs.id, [...ids]))
    for (const id of ids) await announce(tx, 'run', 'deleted', id)
  }

  async removeFolders(ids: readonly number[]): Promise<void> {
    for (const id of ids) await rm(this.folder(id), { recursive: true, force: true })
  }

  #checkWeights(weights: string | null): void {
    if (weights === null) return
    const refuse = (message: string) => new InvalidInput([{ field: 'config.weights', value: weights, message }])
    // A name is the worker's to look up; it can be no path.
    if (/^[A-Za-z\d][\w.-]*$/.test(weights)) return
    if (!isAbsolute(weights))
      throw refuse('must be an absolute path on the worker’s machine, or a name such as resnet18')
    const { roots } = this.#options
    // The file is the worker's, which may be another machine: links cannot be followed here.
    if (
      roots &&
      !liesUnder(
        resolve(weights),
        roots.map((root) => resolve(root)),
      )
    ) {
      throw refuse(`must lie under one of the dataset roots: ${roots.join(', ')}`)
    }
  }

  async #lock(tx: Database, id: number): Promise<RunRow> {
    const [run] = await tx.select().from(runs).where(eq(runs.id, id)).for('update')
    if (!run) throw new NotFound('Run', id)
    return run
  }

  async #set(tx: Database, id: number, values: Partial<RunRow>): Promise<RunRow> {
    const [run] = await tx.update(runs).set(values).where(eq(runs.id, id)).returning()
    if (!run) throw new NotFound('Run', id)
    return run
  }
}
