/** Stores what a training says: one transaction a batch of events, refused if the attempt is over. */
import { and, eq, gt, ne, sql } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import type { EpochRecord, RetoldEvent, StepEvent, TrainEvent } from '../../jobs/train-events.ts'
import { announce } from '../../live/live.ts'
import { evaluations } from '../evaluations/evaluations.table.ts'
import { models } from '../models/models.table.ts'
import type { Attempt } from './runs.lifecycle.ts'
import { epochs, logs, type Metric, points, type RunProgress, type RunSetup, runs } from './runs.table.ts'

/** The attempt is not the run's current one: its worker was given up for dead, or the run is deleted. */
export class AttemptOver extends Error {
  constructor({ runId, attempt }: Attempt) {
    super(`Attempt ${attempt} at run ${runId} is over: another worker has it, or it is deleted`)
    this.name = 'AttemptOver'
  }
}

const stepMetrics = (event: StepEvent): [Metric, number][] => [
  ['loss', event.loss],
  ['smoothLoss', event.smoothLoss],
  ['learningRate', event.lr],
  ['imagesPerSecond', event.imagesPerSecond],
]

const epochMetrics = (epoch: EpochRecord): [Metric, number][] => [
  ['trainLoss', epoch.trainLoss],
  ['validLoss', epoch.validLoss],
  ['accuracy', epoch.accuracy],
  ['f1Weighted', epoch.f1Weighted],
  ['f1Micro', epoch.f1Micro],
  ['f1Macro', epoch.f1Macro],
]

/** Points of a batch in columns; of two at the same step the later one stays. */
class Columns {
  readonly #points = new Map<string, [Metric, number, number]>()

  add(step: number, values: readonly [Metric, number][]): void {
    for (const [metric, value] of values) this.#points.set(`${metric} ${step}`, [metric, step, value])
  }

  async insert(tx: Database, runId: number): Promise<void> {
    const rows = [...this.#points.values()]
    if (rows.length === 0) return
    const column = (index: 0 | 1 | 2) => sql.param(rows.map((row) => row[index]))
    await tx.execute(sql`
      insert into ${points} (run_id, metric, step, value)
      select ${runId}::int, metric::metric, step, value
      from unnest(${column(0)}::text[], ${column(1)}::int[], ${column(2)}::float8[]) as t (metric, step, value)
      on conflict (run_id, metric, step) do update set value = excluded.value`)
  }
}

/** What a run stood at before a checkpoint is void once a resumed run starts from there. */
async function rewind(tx: Database, runId: number, step: number): Promise<void> {
  await tx.delete(points).where(and(eq(points.runId, runId), gt(points.step, step)))
  await tx.delete(epochs).where(and(eq(epochs.runId, runId), gt(epochs.step, step)))
}

async function best(tx: Database, runId: number) {
  const [row] = await tx
    .select()
    .from(epochs)
    .where(eq(epochs.runId, runId))
    .orderBy(epochs.validLoss, epochs.epoch)
    .limit(1)
  return { bestEpoch: row?.epoch ?? null, bestValidLoss: row?.validLoss ?? null, bestAccuracy: row?.accuracy ?? null }
}

async function storeEpoch(tx: Database, runId: number, { lr, ...record }: EpochRecord, step: number): Promise<void> {
  const row = { ...record, runId, step, learningRate: lr }
  await tx
    .insert(epochs)
    .values(row)
    .onConflictDoUpdate({ target: [epochs.runId, epochs.epoch], set: row })
}

/** An event, or those that are told again in it. */
const unfolded = (event: TrainEvent): { event: Exclude<TrainEvent, RetoldEvent>; again: boolean }[] =>
  event.type === 'retold' ? event.events.map((one) => ({ event: one, again: true })) : [{ event, again: false }]

/**
 * Stores a batch of events in their order and says that the run has changed. What is stored already may be told again.
 * @throws AttemptOver
 */
export function recordEvents(db: Database, attempt: Attempt, events: readonly TrainEvent[]): Promise<void> {
  const { runId } = attempt
  return db.transaction(async (tx) => {
    const [run] = await tx
      .select({ name: runs.name })
      .from(runs)
      .where(and(eq(runs.id, runId), eq(runs.attempt, attempt.attempt)))
      .for('update')
    if (!run) throw new AttemptOver(attempt)

    const columns = new Columns()
    let progress: RunProgress | undefined
    let setup: RunSetup | undefined
    let epochsChanged = false
    for (const { event, again } of events.flatMap(unfolded)) {
      switch (event.type) {
        case 'prepare':
          progress = {
            stage: event.stage,
            done: event.done,
            total: event.total,
            epoch: null,
            imagesPerSecond: null,
            secondsLeft: null,
          }
          break
        case 'start': {
          const { adapter, classes, images, skipped, parameters, peakBytes } = event
          setup = { adapter, classes, images, skipped, parameters, peakBytes }
          await rewind(tx, runId, event.step)
          epochsChanged = true
          break
        }
        case 'step':
          columns.add(event.step, stepMetrics(event))
          progress = {
            stage: 'training',
            done: event.step,
            total: event.steps,
            epoch: event.epoch,
            imagesPerSecond: event.imagesPerSecond,
            secondsLeft: event.secondsLeft,
          }
          break
        case 'epoch':
          await storeEpoch(tx, runId, event.epoch, event.step)
          columns.add(event.step, epochMetrics(event.epoch))
          epochsChanged = true
          break
        case 'checkpoint': {
          const { kind, path, epoch } = event
          const written = { path, epoch, calibration: null, uncalibrated: null, createdAt: new Date() }
          await tx
            .insert(models)
            .values({ runId, kind, ...written })
            .onConflictDoUpdate({
              target: [models.runId, models.kind],
              set: written,
              // A model that is told again may have been calibrated since.
              ...(again && { setWhere: ne(models.epoch, epoch) }),
            })
          break
        }
        case 'evaluation': {
          const { split, report } = event
          await tx
            .insert(evaluations)
            .values({ runId, split, report })
            .onConflictDoUpdate({
              target: [evaluations.runId, evaluations.split],
              set: { report, nearDuplicates: null, epoch: null, calibratedBy: null },
            })
          break
        }
        case 'log':
          await tx.insert(logs).values({ runId, at: new Date(), level: event.level, message: event.message })
          break
      }
    }
    await columns.insert(tx, runId)
    const changes = {
      ...(progress && { progress }),
      ...(setup && { setup }),
      ...(epochsChanged && (await best(tx, runId))),
    }
    if (Object.keys(changes).length > 0) await tx.update(runs).set(changes).where(eq(runs.id, runId))
    await announce(tx, 'run', 'updated', runId)
  })
}
