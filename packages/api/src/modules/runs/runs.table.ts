import {
  boolean,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgEnum,
  pgTable,
  primaryKey,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
import { time } from '../../db/columns.ts'
import type { RunConfig } from '../../jobs/contracts.ts'
import type { Phase, StartEvent } from '../../jobs/train-events.ts'
import { datasets } from '../datasets/datasets.table.ts'
import { studies } from '../studies/studies.table.ts'

export const runStatus = pgEnum('run_status', [
  'QUEUED',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
  'STOPPED',
  'CRASHED',
  'PAUSED',
])
export type RunStatus = (typeof runStatus.enumValues)[number]

/** What is drawn over steps: of every step the first four, of every epoch (at its last step) the others. */
export const metric = pgEnum('metric', [
  'loss',
  'smoothLoss',
  'learningRate',
  'imagesPerSecond',
  'trainLoss',
  'validLoss',
  'accuracy',
  'f1Weighted',
  'f1Micro',
  'f1Macro',
])
export type Metric = (typeof metric.enumValues)[number]

export const logLevel = pgEnum('log_level', ['info', 'warn', 'error'])

/** Where a run stands: `done` of `total` images, pipelines or training steps. */
export interface RunProgress {
  stage: 'images' | 'pipelines' | 'training'
  done: number
  total: number
  epoch: number | null
  imagesPerSecond: number | null
  secondsLeft: number | null
}

/** What the run found when it started. */
export type RunSetup = Pick<StartEvent, 'adapter' | 'classes' | 'images' | 'skipped' | 'parameters' | 'peakBytes'>

export interface RunError {
  code: string
  message: string
}

export const runs = pgTable(
  'runs',
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    name: text().notNull(),
    status: runStatus().notNull().default('QUEUED'),
    datasetId: integer()
      .notNull()
      .references(() => datasets.id),
    config: jsonb().$type<RunConfig>().notNull(),
    tags: text().array().notNull(),
    notes: text(),
    createdAt: time().notNull(),
    startedAt: time(),
    finishedAt: time(),
    error: jsonb().$type<RunError>(),
    setup: jsonb().$type<RunSetup>(),
    progress: jsonb().$type<RunProgress>(),
    /** The epoch of lowest validation loss, and its values to sort by. */
    bestEpoch: integer(),
    bestValidLoss: doublePrecision(),
    bestAccuracy: doublePrecision(),
    /** Counts the workers that took this run; events of an earlier attempt are refused. */
    attempt: integer().notNull().default(0),
    /** Who holds the run's folder; stays set after a stop until the handler has come to its end. */
    workerId: text(),
    /** The queue's job for the current stretch of this run. */
    jobId: uuid(),
    /** The study that started it, and which of its trials it trains, or trains anew under another seed once that has won. */
    studyId: integer().references(() => studies.id, { onDelete: 'cascade' }),
    trial: integer(),
    final: boolean().notNull().default(false),
    /** A trial's run stops after so many epochs, counted over both phases; null lets it train to its end. */
    until: integer(),
    /** Unfrozen epochs after which its schedule begins anew. */
    restarts: integer().array(),
  },
  (table) => [
    index().on(table.createdAt, table.id),
    index().on(table.status),
    index().on(table.datasetId),
    index().on(table.studyId, table.trial),
    index().using('gin', table.tags),
  ],
)
export type RunRow = typeof runs.$inferSelect

const run = () =>
  integer()
    .notNull()
    .references(() => runs.id, { onDelete: 'cascade' })

export const epochs = pgTable(
  'epochs',
  {
    runId: run(),
    epoch: integer().notNull(),
    phase: text().$type<Phase>().notNull(),
    /** The last step of this epoch. */
    step: integer().notNull(),
    trainLoss: doublePrecision().notNull(),
    validLoss: doublePrecision().notNull(),
    accuracy: doublePrecision().notNull(),
    f1Weighted: doublePrecision().notNull(),
    f1Micro: doublePrecision().notNull(),
    f1Macro: doublePrecision().notNull(),
    seconds: doublePrecision().notNull(),
    learningRate: doublePrecision().notNull(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.epoch] })],
)
export type EpochRow = typeof epochs.$inferSelect

export const points = pgTable(
  'points',
  {
    runId: run(),
    metric: metric().notNull(),
    step: integer().notNull(),
    value: doublePrecision().notNull(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.metric, table.step] })],
)

export const logs = pgTable(
  'logs',
  {
    id: integer().primaryKey().generatedAlwaysAsIdentity(),
    runId: run(),
    at: time().notNull(),
    level: logLevel().notNull(),
    message: text().notNull(),
  },
  (table) => [index().on(table.runId, table.id)],
)
export type LogRow = typeof logs.$inferSelect
