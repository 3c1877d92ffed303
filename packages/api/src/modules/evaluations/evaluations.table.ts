import type { ClassificationReport } from '@sporeprint/metrics'
import { doublePrecision, integer, jsonb, pgEnum, pgTable, primaryKey } from 'drizzle-orm/pg-core'
import { time } from '../../db/columns.ts'
import { type NearDuplicate, type SplitEvaluation, splits } from '../../jobs/contracts.ts'
import { runs } from '../runs/runs.table.ts'

export const split = pgEnum('split', splits)

/** A run's best weights on one split: what the run itself said at its end, until an evaluation says all. */
export const evaluations = pgTable(
  'evaluations',
  {
    runId: integer()
      .notNull()
      .references(() => runs.id, { onDelete: 'cascade' }),
    split: split().notNull(),
    report: jsonb().$type<ClassificationReport | SplitEvaluation>().notNull(),
    /** Pairs with an image of this split, the nearest first; null where nobody has looked. */
    nearDuplicates: jsonb().$type<NearDuplicate[]>(),
    /** The epoch of the weights; null where the run itself said it. */
    epoch: integer(),
    /** The temperature of the calibration that these weights had then; null where they had none. */
    calibratedBy: doublePrecision(),
    createdAt: time().notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.split] })],
)
export type EvaluationRow = typeof evaluations.$inferSelect
