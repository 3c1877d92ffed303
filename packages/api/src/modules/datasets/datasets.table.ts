import { integer, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core'

/** Images of one class, by split; without split folders every image counts as `train`. */
export interface ClassCounts {
  name: string
  train: number
  valid: number
  test: number
}

export const datasets = pgTable('datasets', {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  name: text().notNull().unique(),
  path: text().notNull(),
  classes: jsonb().$type<ClassCounts[]>().notNull(),
  createdAt: timestamp({ withTimezone: true, precision: 3 }).notNull(),
})

export type DatasetRow = typeof datasets.$inferSelect
