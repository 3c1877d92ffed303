import type { DrivenTrial, StudyPlan } from '@sporeprint/tuning'
import {
  boolean,
  doublePrecision,
  index,
  integer,
  json,
  jsonb,
  pgEnum,
  pgTable,
  text,
  unique,
} from 'drizzle-orm/pg-core'
import { time } from '../../db/columns.ts'
import type { RunConfigInput } from '../../jobs/contracts.ts'
import { datasets } from '../datasets/datasets.table.ts'

/** STOPPED by hand, to go on with resumeStudy; FINISHED: its budget is spent, or nothing is left to try. */
export const studyStatus = pgEnum('study_status', ['RUNNING', 'STOPPED', 'FINISHED'])
export type StudyStatus = (typeof studyStatus.enumValues)[number]

/** Optuna's, and `paused`: stopped at a rung with its checkpoint, to go on if its rung lets it. */
export const trialState = pgEnum('trial_state', ['waiting', 'running', 'paused', 'pruned', 'complete', 'failed'])
export type TrialState = (typeof trialState.enumValues)[number]

/** What a study does beside what its driver decides. */
export interface StudyExtras {
  /** Whether every rung is the end of a complete schedule, after which another one begins. */
  restarts: boolean
  /** Sides of the images up to the first rungs, in pixels. */
  sizes: number[]
  /** Seeds under which the winner is trained anew and tested. */
  finalSeeds: number
  /** The range test that its trials wait for; null without one. */
  rate: RateSearch | null
}

export interface RateSearch {
  jobId: number
  /** Whether it has come to its end, and the study may begin. */
  settled: boolean
  /** What it found, and the range that is searched therefore; null where it found nothing of use. */
  rate: number | null
  range: { low: number; high: number } | null
}

export const studies = pgTable(
  'studies',
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    name: text().notNull(),
    notes: text(),
    status: studyStatus().notNull().default('RUNNING'),
    /** Why it is FINISHED. */
    outcome: text(),
    datasetId: integer()
      .notNull()
      .references(() => datasets.id),
    /** What every trial has in common, as it was given: some defaults follow from a trial's parameters. */
    config: json().$type<RunConfigInput>().notNull(),
    /** json, not jsonb, which would sort the parameters: those that depend on another come after it. */
    plan: json().$type<StudyPlan>().notNull(),
    extras: jsonb().$type<StudyExtras>().notNull(),
    createdAt: time().notNull(),
    finishedAt: time(),
    /** Seconds that it was RUNNING before `runningSince`, which is null while it is not. */
    seconds: doublePrecision().notNull().default(0),
    runningSince: time(),
    /** Epochs of its runs when it was last decided on: others that came since are news. */
    seenEpochs: integer().notNull().default(0),
  },
  (table) => [index().on(table.createdAt, table.id), index().on(table.status), index().on(table.datasetId)],
)
export type StudyRow = typeof studies.$inferSelect

/** A row is the driver's trial, with what people want to know beside it. Its runs, one a fold, name it. */
export const trials = pgTable(
  'trials',
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    studyId: integer()
      .notNull()
      .references(() => studies.id, { onDelete: 'cascade' }),
    number: integer().notNull(),
    state: trialState().notNull(),
    parameters: json().$type<DrivenTrial['parameters']>().notNull(),
    sent: integer().notNull(),
    results: jsonb().$type<DrivenTrial['results']>().notNull(),
    reports: jsonb().$type<DrivenTrial['reports']>().notNull(),
    epochs: jsonb().$type<DrivenTrial['epochs']>().notNull(),
    values: jsonb().$type<DrivenTrial['values']>(),
    lost: integer().notNull(),
    reason: text(),
    /** The value of the first objective, to sort by. */
    value: doublePrecision(),
    /** Its parameters, or some of them, were given by hand. */
    enqueued: boolean().notNull().default(false),
    createdAt: time().notNull(),
    startedAt: time(),
    finishedAt: time(),
  },
  (table) => [unique().on(table.studyId, table.number)],
)
export type TrialRow = typeof trials.$inferSelect
