import { eq, inArray, sql } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { jobs } from '../jobs/jobs.table.ts'
import { runs } from '../runs/runs.table.ts'
import { type WorkerRow, workers } from './workers.table.ts'

/** A worker without a heartbeat for so long counts as lost. Heartbeats come every second. */
export const lostAfter: string = '5 seconds'

export interface WorkerView extends WorkerRow {
  status: 'IDLE' | 'BUSY' | 'LOST'
  runIds: number[]
  jobIds: number[]
}

export class WorkerService {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Every worker that has not said goodbye, the longest at work first. */
  async list(): Promise<WorkerView[]> {
    const rows = await this.#db
      .select({ worker: workers, lost: sql<boolean>`heartbeat_at < now() - ${lostAfter}::interval` })
      .from(workers)
      .orderBy(workers.startedAt, workers.id)
    const ids = rows.map(({ worker }) => worker.id)
    const held = async (table: typeof runs | typeof jobs): Promise<(worker: string) => number[]> => {
      const found = await this.#db
        .select({ id: table.id, workerId: table.workerId })
        .from(table)
        .where(inArray(table.workerId, ids))
        .orderBy(table.id)
      return (worker) => found.filter(({ workerId }) => workerId === worker).map(({ id }) => id)
    }
    const [runsOf, jobsOf] = [await held(runs), await held(jobs)]
    return rows.map(({ worker, lost }) => {
      const [runIds, jobIds] = [runsOf(worker.id), jobsOf(worker.id)]
      const busy = runIds.length + jobIds.length > 0
      return { ...worker, runIds, jobIds, status: lost ? 'LOST' : busy ? 'BUSY' : 'IDLE' }
    })
  }

  /** Says that a worker lives; the first time it makes itself known so. */
  async heartbeat(worker: Pick<WorkerRow, 'id' | 'host' | 'pid' | 'concurrency'>): Promise<void> {
    await this.#db
      .insert(workers)
      .values(worker)
      .onConflictDoUpdate({ target: workers.id, set: { heartbeatAt: sql`now()` } })
  }

  async remove(id: string): Promise<void> {
    await this.#db.delete(workers).where(eq(workers.id, id))
  }

  /** Forgets every worker: only where none can be alive. */
  async forgetAll(): Promise<void> {
    await this.#db.delete(workers)
  }

  /** Forgets workers that were lost long ago and hold nothing. */
  async forgetLost(): Promise<void> {
    await this.#db
      .delete(workers)
      .where(
        sql`heartbeat_at < now() - interval '1 hour' and not exists (select from ${runs} where ${runs.workerId} = ${workers.id})`,
      )
  }
}
