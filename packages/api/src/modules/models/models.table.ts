import { integer, jsonb, pgEnum, pgTable, text, unique } from 'drizzle-orm/pg-core'
import { time } from '../../db/columns.ts'
import type { ModelCalibration } from '../../jobs/contracts.ts'
import { runs } from '../runs/runs.table.ts'

export const modelKind = pgEnum('model_kind', ['best', 'last'])

/** Checkpoints that runs have written; one row a kind, moved on with each newer checkpoint. */
export const models = pgTable(
  'models',
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    runId: integer()
      .notNull()
      .references(() => runs.id, { onDelete: 'cascade' }),
    kind: modelKind().notNull(),
    path: text().notNull(),
    epoch: integer().notNull(),
    /** What the calibration in its file says; null where it has none. Gone with the next checkpoint. */
    calibration: jsonb().$type<ModelCalibration>(),
    /** Why it could not be calibrated; null where it is, or nobody has tried. */
    uncalibrated: text(),
    createdAt: time().notNull(),
  },
  (table) => [unique().on(table.runId, table.kind)],
)

export type ModelRow = typeof models.$inferSelect
