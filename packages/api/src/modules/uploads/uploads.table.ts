import { index, integer, pgTable, text } from 'drizzle-orm/pg-core'
import { time } from '../../db/columns.ts'

/** Files that clients bring. Until one is complete it is a promise that runs out; then its content is an artifact. */
export const uploads = pgTable(
  'uploads',
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    /** What its owner calls it; never part of a path. */
    name: text().notNull(),
    bytes: integer().notNull(),
    /** Announced, or else known once it is complete. */
    sha256: text(),
    createdAt: time().notNull(),
    completedAt: time(),
  },
  (table) => [index().on(table.completedAt, table.createdAt), index().on(table.sha256)],
)
export type UploadRow = typeof uploads.$inferSelect
