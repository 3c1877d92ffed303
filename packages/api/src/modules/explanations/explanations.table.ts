import { doublePrecision, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import type { ExplainedLabel, ExplainSettings, SegmentRuns } from '../../jobs/serving.ts'
import { imageColumns } from '../images/images.table.ts'

/** Why a model said what it said of one image. */
export const explanations = pgTable(
  'explanations',
  {
    ...imageColumns(),
    /** The class that it really is, where it is known. */
    actual: text(),
    settings: jsonb().$type<ExplainSettings>().notNull(),
    /** Side of what the network sees of an image, in pixels; and that, as a data URL. */
    size: integer().notNull(),
    picture: text().notNull(),
    /** In the order of the model's outputs, as are probabilities. */
    classes: jsonb().$type<string[]>().notNull(),
    probabilities: jsonb().$type<number[]>().notNull(),
    /** null for methods by pixel. */
    segments: jsonb().$type<SegmentRuns>(),
    labels: jsonb().$type<ExplainedLabel[]>().notNull(),
    /** Pictures that the model classified. */
    samples: integer().notNull(),
    seconds: doublePrecision().notNull(),
  },
  (table) => [
    index().on(table.createdAt, table.id),
    index().on(table.jobId),
    index().on(table.modelId),
    index().on(table.uploadId),
  ],
)
export type ExplanationRow = typeof explanations.$inferSelect
