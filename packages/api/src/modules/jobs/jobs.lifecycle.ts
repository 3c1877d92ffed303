/**
 * A short job in the hands of workers, as runs are (runs.lifecycle.ts), but for what needs no checkpoint: whoever takes it does it
 * from the start, and what it comes to is stored in the transaction in which it ends.
 *
 *   QUEUED ─claim→ RUNNING ─finish→ SUCCEEDED | FAILED        (stop: STOPPED, from QUEUED and RUNNING)
 *      ↑              │
 *      └───putBack────┘  the worker shuts down or died
 */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import type { JobProgress } from '../../jobs/contracts.ts'
import { strandedIn } from '../../jobs/stranded.ts'
import { announce } from '../../live/live.ts'
import type { RunError } from '../runs/runs.table.ts'
import { type JobRow, jobs } from './jobs.table.ts'

/** What is held by one worker's attempt at a job. */
export interface JobAttempt {
  id: number
  attempt: number
}

const mine = ({ id, attempt }: JobAttempt) =>
  and(eq(jobs.id, id), eq(jobs.attempt, attempt), eq(jobs.status, 'RUNNING'))

/** Takes a job for a worker; null where the queue's entry is not the job's any more. */
export function claimJob(db: Database, id: number, queuedAs: string, workerId: string): Promise<JobRow | null> {
  return db.transaction(async (tx) => {
    const [row] = await tx
      .update(jobs)
      .set({
        status: 'RUNNING',
        attempt: sql`${jobs.attempt} + 1`,
        workerId,
        startedAt: sql`coalesce(${jobs.startedAt}, now())`,
      })
      .where(and(eq(jobs.id, id), eq(jobs.queuedAs, queuedAs), inArray(jobs.status, ['QUEUED', 'RUNNING'])))
      .returning()
    if (row) await announce(tx, 'job', 'updated', id)
    return row ?? null
  })
}

export async function recordProgress(db: Database, attempt: JobAttempt, progress: JobProgress): Promise<void> {
  await db.transaction(async (tx) => {
    const held = await tx.update(jobs).set({ progress }).where(mine(attempt)).returning({ id: jobs.id })
    if (held.length > 0) await announce(tx, 'job', 'updated', attempt.id)
  })
}

/** Ends an attempt; `store` puts down what it came to, in the same transaction. Nothing happens where the attempt is over. */
export function finishJob(
  db: Database,
  attempt: JobAttempt,
  error: RunError | null,
  store?: (tx: Database) => Promise<void>,
): Promise<void> {
  return db.transaction(async (tx) => {
    const ended = await tx
      .update(jobs)
      .set({ status: error ? 'FAILED' : 'SUCCEEDED', error, finishedAt: sql`now()`, workerId: null })
      .where(mine(attempt))
      .returning({ id: jobs.id })
    if (ended.length === 0) return
    await store?.(tx)
    await announce(tx, 'job', 'updated', attempt.id)
  })
}

/** Puts a job back for another worker; `enqueue` gives its new entry in the queue, if it needs one. */
export function putBack(db: Database, attempt: JobAttempt, enqueue?: (tx: Database) => Promise<string>): Promise<void> {
  return db.transaction(async (tx) => {
    const [held] = await tx
      .update(jobs)
      .set({ status: 'QUEUED', workerId: null, progress: null })
      .where(mine(attempt))
      .returning({ id: jobs.id })
    if (!held) return
    if (enqueue)
      await tx
        .update(jobs)
        .set({ queuedAs: await enqueue(tx) })
        .where(eq(jobs.id, held.id))
    await announce(tx, 'job', 'updated', held.id)
  })
}

/** Brings jobs in step with the queue, which takes them from workers that died: as `reconcileRuns`. */
export async function reconcileJobs(db: Database): Promise<void> {
  for (const { id, attempt, waits } of await strandedIn(db, 'short', jobs, jobs.queuedAs)) {
    if (waits) await putBack(db, { id, attempt })
    else await lose(db, { id, attempt })
  }
}

function lose(db: Database, { id, attempt }: JobAttempt): Promise<void> {
  const error = { code: 'WORKER_LOST', message: 'Its worker died, as often as it was to be tried. Ask for it again' }
  return db.transaction(async (tx) => {
    const ended = await tx
      .update(jobs)
      .set({ status: 'FAILED', error, finishedAt: sql`now()`, workerId: null })
      .where(and(eq(jobs.id, id), eq(jobs.attempt, attempt), inArray(jobs.status, ['QUEUED', 'RUNNING'])))
      .returning({ id: jobs.id })
    if (ended.length > 0) await announce(tx, 'job', 'updated', id)
  })
}

/** Of the attempts a worker believes it holds, those that are over. */
export async function endedJobs(db: Database, attempts: readonly JobAttempt[]): Promise<JobAttempt[]> {
  if (attempts.length === 0) return []
  const ids = attempts.map(({ id }) => id)
  const alive = await db
    .select({ id: jobs.id, attempt: jobs.attempt })
    .from(jobs)
    .where(and(inArray(jobs.id, ids), eq(jobs.status, 'RUNNING')))
  return attempts.filter(({ id, attempt }) => !alive.some((row) => row.id === id && row.attempt === attempt))
}
