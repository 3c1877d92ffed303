import { type Column, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { type Database, query } from '../db/database.ts'
import type { QueueName } from './queue.ts'

/** What is queued, as its rows have it. */
interface QueuedTable extends PgTable {
  id: Column
  attempt: Column
  status: Column
}

export interface Stranded {
  id: number
  attempt: number
  /** Whether the queue has it wait for its next try; else it has given it up. */
  waits: boolean
}

/**
 * Rows that are out of step with the queue, which takes what they are about from workers that died: QUEUED or RUNNING where
 * their entry is over, or RUNNING where it waits for its next try.
 * @param entry the column with the queue's id of it.
 */
export const strandedIn = (db: Database, queue: QueueName, table: QueuedTable, entry: Column): Promise<Stranded[]> =>
  query(
    db,
    sql`
      select ${table.id}, ${table.attempt}, coalesce(j.state in ('created', 'retry'), false) as waits
      from ${table} left join pgboss.job j on j.name = ${queue} and j.id = ${entry}
      where ${table.status} in ('QUEUED', 'RUNNING') and (
        j.id is null or j.state in ('completed', 'cancelled', 'failed')
        or (${table.status} = 'RUNNING' and j.state in ('created', 'retry')))`,
  )
