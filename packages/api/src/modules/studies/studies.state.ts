/** A study as the driver sees it, read from its rows under a lock and written back to them. */
import type { DrivenStudy, DrivenTrial } from '@sporeprint/tuning'
import { and, asc, eq, inArray, or, sql } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { type RunRow, runs } from '../runs/runs.table.ts'
import { type StudyRow, studies, type TrialRow, trials } from './studies.table.ts'

export interface StudyState {
  readonly row: StudyRow
  /** Changed by the driver's `record`, and before its first trial by a range test. */
  readonly driven: DrivenStudy
  readonly rows: readonly TrialRow[]
  /** Of its trials that are not over, one a fold, and those that train its winner anew. */
  runs: RunRow[]
}

/** Locks the study's row until the transaction ends; null where there is none. */
export async function lockStudy(tx: Database, id: number): Promise<StudyState | null> {
  const [row] = await tx.select().from(studies).where(eq(studies.id, id)).for('update')
  if (!row) return null
  const rows = await tx.select().from(trials).where(eq(trials.studyId, id)).orderBy(asc(trials.number))
  const open = rows.filter(({ state }) => state === 'running' || state === 'paused').map(({ number }) => number)
  return {
    row,
    driven: drivenStudy(row, rows),
    rows,
    runs: await tx
      .select()
      .from(runs)
      .where(and(eq(runs.studyId, id), or(eq(runs.final, true), inArray(runs.trial, open))))
      .orderBy(asc(runs.id)),
  }
}

/** A copy: rows stay as they were read. */
export const drivenStudy = ({ plan }: StudyRow, rows: readonly TrialRow[]): DrivenStudy => ({
  plan,
  trials: structuredClone(rows.map(drivenTrial)),
})

const drivenTrial = (row: TrialRow): DrivenTrial => {
  const { number, state, parameters, sent, results, reports, epochs, values, lost, reason } = row
  return { number, state, parameters, sent, results, reports, epochs, values, lost, reason }
}

const over: ReadonlySet<DrivenTrial['state']> = new Set(['complete', 'pruned', 'failed'])

/** Writes the trials that have changed, and the study's row with `changes`; gives whether any did. */
export async function saveStudy(tx: Database, state: StudyState, changes: Partial<StudyRow> = {}): Promise<boolean> {
  const { row, driven, rows } = state
  let changed = Object.keys(changes).length > 0
  for (const trial of driven.trials) {
    const before = rows[trial.number]
    if (before && JSON.stringify(drivenTrial(before)) === JSON.stringify(trial)) continue
    changed = true
    const now = sql`now()`
    const times = {
      startedAt: trial.state === 'waiting' ? null : (before?.startedAt ?? now),
      finishedAt: over.has(trial.state) ? (before?.finishedAt ?? now) : null,
    }
    const values = { ...trial, ...times, value: trial.values?.[0] ?? null }
    if (before) await tx.update(trials).set(values).where(eq(trials.id, before.id))
    else {
      const enqueued = trial.state === 'waiting'
      await tx.insert(trials).values({ ...values, studyId: row.id, enqueued, createdAt: now })
    }
  }
  const plan = driven.plan === row.plan ? {} : { plan: driven.plan }
  const all = { ...plan, ...changes }
  if (Object.keys(all).length > 0) await tx.update(studies).set(all).where(eq(studies.id, row.id))
  return changed
}
