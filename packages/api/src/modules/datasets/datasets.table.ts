import { integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import { time } from '../../db/columns.ts'

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
  createdAt: time().notNull(),
})

export type DatasetRow = typeof datasets.$inferSelect
