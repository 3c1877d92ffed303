import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { time } from '../../db/columns.ts'

/** Processes that take jobs. A worker that stops takes its row away; one that dies leaves a heartbeat that grows old. */
export const workers = pgTable('workers', {
  id: text().primaryKey(),
  host: text().notNull(),
  pid: integer().notNull(),
  concurrency: integer().notNull(),
  startedAt: time().notNull().defaultNow(),
  heartbeatAt: time().notNull().defaultNow(),
})

export type WorkerRow = typeof workers.$inferSelect
