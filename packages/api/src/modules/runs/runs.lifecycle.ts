/**
 * A run in the hands of workers. A worker claims a run and gets an attempt number; everything it writes afterwards names that
 * number, so that a worker which was given up for dead and comes back can change nothing.
 *
 *   QUEUED ─claim→ RUNNING ─finish→ SUCCEEDED | FAILED | CRASHED        (stop: STOPPED, from QUEUED and RUNNING)
 *      ↑              │      └─────→ PAUSED  at the epoch `until`, of a study's trial
 *      └──handOver────┘  the worker shuts down or died: another goes on from the last checkpoint
 */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { strandedIn } from '../../jobs/stranded.ts'
import { announce } from '../../live/live.ts'
import { datasets } from '../datasets/datasets.table.ts'
import { lostAfter } from '../workers/workers.service.ts'
import { workers } from '../workers/workers.table.ts'
import { epochs, logs, type RunError, type RunRow, runs } from './runs.table.ts'

export interface Claim {
  run: RunRow
  datasetPath: string
}

/** What is held by one worker's attempt at a run. */
export interface Attempt {
  runId: number
  attempt: number
}

type Level = 'info' | 'warn' | 'error'

const log = (tx: Database, runId: number, level: Level, message: string): Promise<unknown> =>
  tx.insert(logs).values({ runId, at: sql`now()`, level, message })

const mine = ({ runId, attempt }: Attempt) => and(eq(runs.id, runId), eq(runs.attempt, attempt))

/**
 * Takes a run for a worker. `gone`: the job is not the run's any more. `held`: it was stopped and queued again, and the
 * worker that had it has not yet put it down; ask again.
 */
export function claimRun(
  db: Database,
  runId: number,
  jobId: string,
  workerId: string,
): Promise<Claim | 'gone' | 'held'> {
  return db.transaction(async (tx) => {
    const [found] = await tx
      .select({
        status: runs.status,
        jobId: runs.jobId,
        datasetPath: datasets.path,
        held: sql<boolean>`exists (select from ${workers} where ${workers.id} = ${runs.workerId}
          and ${workers.heartbeatAt} > now() - ${lostAfter}::interval)`,
      })
      .from(runs)
      .innerJoin(datasets, eq(datasets.id, runs.datasetId))
      .where(eq(runs.id, runId))
      .for('update', { of: runs })
    if (!found || found.jobId !== jobId) return 'gone'
    if (found.status !== 'QUEUED' && found.status !== 'RUNNING') return 'gone'
    if (found.status === 'QUEUED' && found.held) return 'held'
    const [run] = await tx
      .update(runs)
      .set({
        status: 'RUNNING',
        attempt: sql`${runs.attempt} + 1`,
        workerId,
        startedAt: sql`coalesce(${runs.startedAt}, now())`,
      })
      .where(eq(runs.id, runId))
      .returning()
    if (!run) return 'gone'
    if (run.attempt > 1) await log(tx, runId, 'info', `Attempt ${run.attempt}: going on from the last checkpoint`)
    await announce(tx, 'run', 'updated', runId)
    return { run, datasetPath: found.datasetPath }
  })
}

export type Outcome = { status: 'SUCCEEDED' } | { status: 'FAILED' | 'CRASHED'; error: RunError }

/** Ends an attempt; a run that was stopped meanwhile stays STOPPED. `then` goes into the same transaction. */
export function finishRun(
  db: Database,
  attempt: Attempt,
  outcome: Outcome,
  then?: (tx: Database) => Promise<unknown>,
): Promise<void> {
  return db.transaction(async (tx) => {
    const [run] = await tx
      .select()
      .from(runs)
      .where(and(mine(attempt), eq(runs.status, 'RUNNING')))
      .for('update')
    if (!run) return
    const error = outcome.status === 'SUCCEEDED' ? null : outcome.error
    const status = outcome.status === 'SUCCEEDED' && (await isPause(tx, run)) ? 'PAUSED' : outcome.status
    const finishedAt = status === 'PAUSED' ? null : sql`now()`
    await tx.update(runs).set({ status, error, finishedAt, workerId: null }).where(eq(runs.id, run.id))
    if (error) await log(tx, attempt.runId, 'error', `${outcome.status}: ${error.message}`)
    await then?.(tx)
    await announce(tx, 'run', 'updated', attempt.runId)
  })
}

/** Whether a run that came to its end did so only because it was to stop at this epoch. */
async function isPause(tx: Database, { id, until, config }: RunRow): Promise<boolean> {
  if (until === null || until >= config.epochs + config.freezeEpochs) return false
  return (await tx.$count(epochs, eq(epochs.runId, id))) >= until
}

/** Puts a run back into the queue for another worker; `job` names the job that will take it, if it is a new one. */
export function handOver(
  db: Database,
  attempt: Attempt,
  reason: string,
  job?: (tx: Database) => Promise<string>,
): Promise<void> {
  return db.transaction(async (tx) => {
    const [held] = await tx
      .update(runs)
      .set({ status: 'QUEUED', workerId: null })
      .where(and(mine(attempt), eq(runs.status, 'RUNNING')))
      .returning({ id: runs.id })
    if (!held) return
    if (job)
      await tx
        .update(runs)
        .set({ jobId: await job(tx) })
        .where(eq(runs.id, held.id))
    await log(tx, held.id, 'warn', reason)
    await announce(tx, 'run', 'updated', held.id)
  })
}

/** The worker has let go of the run's folder. */
export async function releaseRun(db: Database, attempt: Attempt): Promise<void> {
  await db.update(runs).set({ workerId: null }).where(mine(attempt))
}

/** Of the attempts a worker believes it holds, those that are over: stopped, deleted, or taken by another. */
export async function endedAttempts(db: Database, attempts: readonly Attempt[]): Promise<Attempt[]> {
  if (attempts.length === 0) return []
  const ids = attempts.map(({ runId }) => runId)
  const alive = await db
    .select({ id: runs.id, attempt: runs.attempt })
    .from(runs)
    .where(and(inArray(runs.id, ids), eq(runs.status, 'RUNNING')))
  return attempts.filter(({ runId, attempt }) => !alive.some((row) => row.id === runId && row.attempt === attempt))
}

/**
 * Brings runs in step with their jobs, which the queue takes from workers that died: a job that waits for its next try has a
 * QUEUED run, a job that is over without the run being so has a CRASHED one.
 */
export async function reconcileRuns(db: Database): Promise<void> {
  for (const { id, attempt, waits } of await strandedIn(db, 'train', runs, runs.jobId)) {
    if (waits) {
      await handOver(db, { runId: id, attempt }, 'The worker died; the run waits for another')
      continue
    }
    const what = attempt > 1 ? `Its worker died at attempt ${attempt}` : 'The worker that had it died'
    await crash(
      db,
      { runId: id, attempt },
      `${what}, and it was not to be tried again. resumeRun goes on from its checkpoint`,
    )
  }
}

function crash(db: Database, attempt: Attempt, message: string): Promise<void> {
  return db.transaction(async (tx) => {
    const ended = await tx
      .update(runs)
      .set({ status: 'CRASHED', error: { code: 'WORKER_LOST', message }, finishedAt: sql`now()`, workerId: null })
      .where(and(mine(attempt), inArray(runs.status, ['QUEUED', 'RUNNING'])))
      .returning({ id: runs.id })
    if (ended.length === 0) return
    await log(tx, attempt.runId, 'error', message)
    await announce(tx, 'run', 'updated', attempt.runId)
  })
}
