import { and, desc, eq, inArray, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { rowsOf } from '../../db/rows.ts'
import { Conflict, NotFound } from '../../errors.ts'
import { byCreation, type Key, type Rows } from '../../graphql/keyset.ts'
import type { JobInputs } from '../../jobs/kinds.ts'
import type { Queue } from '../../jobs/queue.ts'
import { announce } from '../../live/live.ts'
import { type JobKindName, type JobRow, type JobStatus, jobs } from './jobs.table.ts'

export const newestJobs: Key<JobRow> = byCreation(jobs)

/** Conditions that all hold; what is null or missing is no condition. */
export interface JobWhere {
  kind?: JobKindName | null | undefined
  status?: readonly JobStatus[] | null | undefined
  runId?: number | null | undefined
}

const condition = ({ kind, status, runId }: JobWhere): SQL | undefined =>
  and(
    kind ? eq(jobs.kind, kind) : undefined,
    status ? inArray(jobs.status, [...status]) : undefined,
    runId ? eq(jobs.runId, runId) : undefined,
  )

export class JobService {
  readonly #db: Database
  readonly #queue: Queue

  constructor(db: Database, queue: Queue) {
    this.#db = db
    this.#queue = queue
  }

  byIds(ids: number[]): Promise<JobRow[]> {
    return this.#db.select().from(jobs).where(inArray(jobs.id, ids))
  }

  list(where: JobWhere): Rows<JobRow> {
    return rowsOf(this.#db, jobs, condition(where))
  }

  /** The jobs of each run, the newest first. */
  async ofRuns(runIds: number[]): Promise<JobRow[][]> {
    const rows = await this.#db.select().from(jobs).where(inArray(jobs.runId, runIds)).orderBy(desc(jobs.id))
    return runIds.map((runId) => rows.filter((row) => row.runId === runId))
  }

  /** Asks workers for something, once the transaction commits. */
  async ask<Kind extends JobKindName>(
    tx: Database,
    kind: Kind,
    input: JobInputs[Kind],
    runId: number | null,
  ): Promise<JobRow> {
    const [{ id }] = (await tx.insert(jobs).values({ kind, input, runId }).returning({ id: jobs.id })) as [JobRow]
    const queuedAs = await this.#queue.enqueue(tx, 'short', id)
    const [job] = (await tx.update(jobs).set({ queuedAs }).where(eq(jobs.id, id)).returning()) as [JobRow]
    await announce(tx, 'job', 'created', id)
    return job
  }

  /** @throws NotFound, Conflict where it has come to its end in another way. */
  stop(id: number): Promise<JobRow> {
    return this.#db.transaction(async (tx) => {
      const [job] = await tx.select().from(jobs).where(eq(jobs.id, id)).for('update')
      if (!job) throw new NotFound('Job', id)
      if (job.status === 'STOPPED') return job
      if (job.status !== 'QUEUED' && job.status !== 'RUNNING') {
        throw new Conflict(`Job ${id} cannot be stopped: it has ${job.status}`)
      }
      if (job.queuedAs) await this.#queue.cancel(tx, 'short', job.queuedAs)
      await announce(tx, 'job', 'stopped', id)
      const values = { status: 'STOPPED', finishedAt: sql`now()`, workerId: null } as const
      const [stopped] = (await tx.update(jobs).set(values).where(eq(jobs.id, id)).returning()) as [JobRow]
      return stopped
    })
  }
}
