import { index, integer, jsonb, pgEnum, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { time } from '../../db/columns.ts'
import type { JobProgress } from '../../jobs/contracts.ts'
import type { SkippedFile } from '../../jobs/train-events.ts'
import { type RunError, runs } from '../runs/runs.table.ts'

export const jobKinds = ['evaluate', 'predict', 'explain', 'findRate'] as const
export type JobKindName = (typeof jobKinds)[number]

export const jobStatus = pgEnum('job_status', ['QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'STOPPED'])
export type JobStatus = (typeof jobStatus.enumValues)[number]

/** What is asked of workers besides trainings: minutes at most, and done anew from the start where a worker dies at it. */
export const jobs = pgTable(
  'jobs',
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    kind: text().$type<JobKindName>().notNull(),
    /** By `kind`: see jobs/kinds.ts. */
    input: jsonb().notNull(),
    /** The run that it is about, and with which it goes. */
    runId: integer().references(() => runs.id, { onDelete: 'cascade' }),
    status: jobStatus().notNull().default('QUEUED'),
    progress: jsonb().$type<JobProgress>(),
    error: jsonb().$type<RunError>(),
    /** Files that could not be read, and why. */
    skipped: jsonb().$type<SkippedFile[]>().notNull().default([]),
    createdAt: time().notNull().defaultNow(),
    startedAt: time(),
    finishedAt: time(),
    /** Counts the workers that took it; what an earlier one still says is refused. */
    attempt: integer().notNull().default(0),
    workerId: text(),
    /** By which the queue knows it. */
    queuedAs: uuid(),
  },
  (table) => [index().on(table.createdAt, table.id), index().on(table.runId), index().on(table.status)],
)
export type JobRow = typeof jobs.$inferSelect
