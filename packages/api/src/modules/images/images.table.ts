import { integer, text } from 'drizzle-orm/pg-core'
import { time } from '../../db/columns.ts'
import { datasets } from '../datasets/datasets.table.ts'
import { jobs } from '../jobs/jobs.table.ts'
import { models } from '../models/models.table.ts'
import { uploads } from '../uploads/uploads.table.ts'

/** Columns of what a job has found out about one image by one model; rows go with their job and their model. */
export const imageColumns = () => ({
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  jobId: integer()
    .notNull()
    .references(() => jobs.id, { onDelete: 'cascade' }),
  modelId: integer()
    .notNull()
    .references(() => models.id, { onDelete: 'cascade' }),
  /** Of the model's file at the time: a run's model moves on with its checkpoints. */
  modelSha256: text().notNull(),
  /** What people call the image: an upload's name, or a path in a dataset. */
  image: text().notNull(),
  /** Of the image's file. */
  sha256: text().notNull(),
  /** Where it came from: an upload, which stays as long as this does, or a dataset and a path in it. */
  uploadId: integer().references(() => uploads.id),
  datasetId: integer().references(() => datasets.id, { onDelete: 'set null' }),
  path: text(),
  createdAt: time().notNull(),
})
