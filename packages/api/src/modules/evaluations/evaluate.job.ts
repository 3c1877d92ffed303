import { and, eq } from 'drizzle-orm'
import { Conflict, NotFound } from '../../errors.ts'
import { type EvaluateJob, type EvaluateResult, parseRunConfig, type SplitName } from '../../jobs/contracts.ts'
import type { JobKind } from '../../jobs/kinds.ts'
import { announce } from '../../live/live.ts'
import { datasets } from '../datasets/datasets.table.ts'
import { models } from '../models/models.table.ts'
import { logs, runs } from '../runs/runs.table.ts'
import { evaluations } from './evaluations.table.ts'

export interface EvaluateInput {
  runId: number
  splits: SplitName[]
}

/** Images at once: more would hardly be faster, and what a training needed fits in any case. */
const mostAtOnce = 32

/** Near-duplicates that are kept of each split. */
const mostPairs = 100

/** Lines in the run's log, which a folder of broken files would fill. */
const mostWarnings = 50

export const evaluateKind: JobKind<EvaluateInput, EvaluateJob, EvaluateResult> = {
  async prepare({ db }, { runId, splits }) {
    const [found] = await db
      .select({
        config: runs.config,
        status: runs.status,
        until: runs.until,
        datasetPath: datasets.path,
        modelPath: models.path,
        epoch: models.epoch,
      })
      .from(runs)
      .innerJoin(datasets, eq(datasets.id, runs.datasetId))
      .leftJoin(models, and(eq(models.runId, runs.id), eq(models.kind, 'best')))
      .where(eq(runs.id, runId))
    if (!found) throw new NotFound('Run', runId)
    const { config, status, until, datasetPath, modelPath, epoch } = found
    if (modelPath === null || epoch === null) throw new Conflict(`Run ${runId} has no checkpoint yet`)
    const { valid, shuffle, seed, folds, fold, batch } = parseRunConfig(config)
    const cut = { valid, shuffle, seed, folds, fold }
    // A run that goes on replaces its checkpoint, and whoever calibrates that meanwhile would put the old one back.
    const calibrate = status === 'SUCCEEDED' && until === null
    return { modelPath, epoch, datasetPath, splits, cut, batch: Math.min(batch, mostAtOnce), calibrate }
  },

  async store(tx, { input: { runId }, job: { epoch }, result }) {
    const createdAt = new Date()
    const { calibration, uncalibrated } = result
    const calibratedBy = calibration?.temperature ?? null
    // Of the checkpoint that was looked at, should there be a newer one by now.
    await tx
      .update(models)
      .set({ calibration, uncalibrated })
      .where(and(eq(models.runId, runId), eq(models.kind, 'best'), eq(models.epoch, epoch)))
    for (const message of result.warnings.slice(0, mostWarnings)) {
      await tx.insert(logs).values({ runId, at: createdAt, level: 'warn', message })
    }
    for (const report of result.evaluations) {
      const { split } = report
      const pairs = result.nearDuplicates.pairs.filter(
        ({ first, second }) => first.split === split || second.split === split,
      )
      const row = { report, nearDuplicates: pairs.slice(0, mostPairs), epoch, calibratedBy, createdAt }
      await tx
        .insert(evaluations)
        .values({ runId, split, ...row })
        .onConflictDoUpdate({ target: [evaluations.runId, evaluations.split], set: row })
    }
    await announce(tx, 'run', 'updated', runId)
  },
}
