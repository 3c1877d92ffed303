/**
 * Deletes uploads that nothing refers to any more. The row goes first: from then on nobody can ask for it, and a process that is
 * killed there leaves a file that no row names, which the next round finds, wherever it lies. The other way round a row would
 * promise a file that is gone.
 */
import { and, isNotNull, lt, type SQL, sql } from 'drizzle-orm'
import type { Artifacts } from '../../artifacts/artifacts.ts'
import { anyOf, type Database } from '../../db/database.ts'
import { explanations } from '../explanations/explanations.table.ts'
import { jobs } from '../jobs/jobs.table.ts'
import { predictions } from '../predictions/predictions.table.ts'
import { uploads } from './uploads.table.ts'

/** Deletes what was complete `before` then and is neither shown by a result nor asked about by a job; then files without a row. */
export async function collectUploads(db: Database, artifacts: Artifacts, before: Date): Promise<void> {
  await db.transaction(async (tx) => {
    // Who asks about an upload holds its row until the job is there (checkImages). Those are left out; after the lock the rest
    // is looked at again, with eyes that see what was asked meanwhile.
    const candidates = await tx
      .select({ id: uploads.id })
      .from(uploads)
      .where(and(lt(uploads.completedAt, before), unused))
      .for('update', { skipLocked: true })
    const ids = candidates.map(({ id }) => id)
    if (ids.length > 0) await tx.delete(uploads).where(and(anyOf(sql`${uploads.id}`, ids, 'int'), unused))
  })
  for await (const names of artifacts.list()) {
    if ((await withoutRow(db, names)).length === 0) continue
    await db.transaction(async (tx) => {
      await lockArtifacts(tx)
      for (const sha256 of await withoutRow(tx, names)) await artifacts.delete(sha256)
    })
  }
}

/** Until the transaction ends no other puts a file into the artifacts or takes one away: what is complete has its file. */
export async function lockArtifacts(tx: Database): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${artifactsLock})`)
}

/** Any number that no other lock of ours has. */
const artifactsLock = 7_405_002

const unused: SQL = sql`
  not exists (select from ${predictions} where ${predictions.uploadId} = ${uploads.id})
  and not exists (select from ${explanations} where ${explanations.uploadId} = ${uploads.id})
  and not exists (
    select from ${jobs} where ${jobs.status} in ('QUEUED', 'RUNNING')
    and ${jobs.input}->'images' @> jsonb_build_array(jsonb_build_object('uploadId', ${uploads.id})))`

/** Of artifacts those that are no complete upload's. */
async function withoutRow(db: Database, names: readonly string[]): Promise<string[]> {
  const rows = await db
    .select({ sha256: uploads.sha256 })
    .from(uploads)
    .where(and(anyOf(sql`${uploads.sha256}`, names, 'text'), isNotNull(uploads.completedAt)))
  const kept = new Set(rows.map(({ sha256 }) => sha256))
  return names.filter((name) => !kept.has(name))
}
