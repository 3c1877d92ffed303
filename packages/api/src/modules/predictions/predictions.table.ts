import { boolean, doublePrecision, index, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import { imageColumns } from '../images/images.table.ts'

/** What a model said of one image. */
export const predictions = pgTable(
  'predictions',
  {
    ...imageColumns(),
    /** The most probable class; null where the model abstained. */
    label: text(),
    confidence: doublePrecision().notNull(),
    /** In the order of the model's outputs, as are probabilities and logits. */
    classes: jsonb().$type<string[]>().notNull(),
    probabilities: jsonb().$type<number[]>().notNull(),
    logits: jsonb().$type<number[]>().notNull(),
    /** What logits were divided by. */
    temperature: doublePrecision().notNull(),
    /** How unlike the images of the model's calibration it is, and whether that is too far; null where it has none. */
    distance: doublePrecision(),
    outlier: boolean(),
    /** A data URL. */
    thumbnail: text().notNull(),
  },
  (table) => [
    index().on(table.createdAt, table.id),
    index().on(table.jobId),
    index().on(table.modelId),
    index().on(table.uploadId),
  ],
)
export type PredictionRow = typeof predictions.$inferSelect
