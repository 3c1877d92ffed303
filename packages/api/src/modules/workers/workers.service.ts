import { eq, inArray, sql } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { runs } from '../runs/runs.table.ts'
import { type WorkerRow, workers } from './workers.table.ts'

/** A worker without a heartbeat for so long counts as lost. Heartbeats come every second. */
export const lostAfter: string = '5 seconds'

export interface WorkerView extends WorkerRow {
  status: 'IDLE' | 'BUSY' | 'LOST'
  runIds: number[]
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
    const held = await this.#db
      .select({ id: runs.id, workerId: runs.workerId })
      .from(runs)
      .where(inArray(runs.workerId, ids))
      .orderBy(runs.id)
    return rows.map(({ worker, lost }) => {
      const runIds = held.filter((run) => run.workerId === worker.id).map((run) => run.id)
      return { ...worker, runIds, status: lost ? 'LOST' : runIds.length > 0 ? 'BUSY' : 'IDLE' }
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
