import { and, type Column, eq, inArray, type SQL } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { models } from '../models/models.table.ts'

/** Conditions that all hold; what is null or missing is no condition. */
export interface ImageWhere {
  jobId?: number | null | undefined
  modelId?: number | null | undefined
  runId?: number | null | undefined
  /** Of the image. */
  sha256?: string | null | undefined
}

/** On a table that has `imageColumns`. */
export function imageCondition(
  db: Database,
  table: { jobId: Column; modelId: Column; sha256: Column },
  { jobId, modelId, runId, sha256 }: ImageWhere,
): SQL | undefined {
  const ofRun = (id: number) => db.select({ id: models.id }).from(models).where(eq(models.runId, id))
  return and(
    jobId ? eq(table.jobId, jobId) : undefined,
    modelId ? eq(table.modelId, modelId) : undefined,
    runId ? inArray(table.modelId, ofRun(runId)) : undefined,
    sha256 ? eq(table.sha256, sha256.toLowerCase()) : undefined,
  )
}
