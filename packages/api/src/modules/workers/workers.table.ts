import { integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core'

/** Processes that take jobs. A worker that stops takes its row away; one that dies leaves a heartbeat that grows old. */
export const workers = pgTable('workers', {
  id: text().primaryKey(),
  host: text().notNull(),
  pid: integer().notNull(),
  concurrency: integer().notNull(),
  startedAt: timestamp({ withTimezone: true, precision: 3 }).notNull().defaultNow(),
  heartbeatAt: timestamp({ withTimezone: true, precision: 3 }).notNull().defaultNow(),
})

export type WorkerRow = typeof workers.$inferSelect
