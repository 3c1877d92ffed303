import { and, eq } from 'drizzle-orm'
import { Conflict, NotFound } from '../../errors.ts'
import { type EvaluateJob, type EvaluateResult, parseRunConfig, type SplitName } from '../../jobs/contracts.ts'
import type { JobKind } from '../../jobs/kinds.ts'
import { announce } from '../../live/live.ts'
import { datasets } from '../datasets/datasets.table.ts'
import { models } from '../models/models.table.ts'
import { runs } from '../runs/runs.table.ts'
import { evaluations } from './evaluations.table.ts'

export interface EvaluateInput {
  runId: number
  splits: SplitName[]
}

/** Images at once: more would hardly be faster, and what a training needed fits in any case. */
const mostAtOnce = 32

/** Near-duplicates that are kept of each split. */
const mostPairs = 100

export const evaluateKind: JobKind<EvaluateInput, EvaluateJob, EvaluateResult> = {
  async prepare({ db }, { runId, splits }) {
    const [found] = await db
      .select({ config: runs.config, datasetPath: datasets.path, modelPath: models.path, epoch: models.epoch })
      .from(runs)
      .innerJoin(datasets, eq(datasets.id, runs.datasetId))
      .leftJoin(models, and(eq(models.runId, runs.id), eq(models.kind, 'best')))
      .where(eq(runs.id, runId))
    if (!found) throw new NotFound('Run', runId)
    const { config, datasetPath, modelPath, epoch } = found
    if (modelPath === null || epoch === null) throw new Conflict(`Run ${runId} has no checkpoint yet`)
    const { valid, shuffle, seed, folds, fold, batch } = parseRunConfig(config)
    const cut = { valid, shuffle, seed, folds, fold }
    return { modelPath, epoch, datasetPath, splits, cut, batch: Math.min(batch, mostAtOnce) }
  },

  async store(tx, { input: { runId }, job: { epoch }, result }) {
    const createdAt = new Date()
    for (const report of result.evaluations) {
      const { split } = report
      const pairs = result.nearDuplicates.pairs.filter(
        ({ first, second }) => first.split === split || second.split === split,
      )
      const row = { report, nearDuplicates: pairs.slice(0, mostPairs), epoch, createdAt }
      await tx
        .insert(evaluations)
        .values({ runId, split, ...row })
        .onConflictDoUpdate({ target: [evaluations.runId, evaluations.split], set: row })
    }
    await announce(tx, 'run', 'updated', runId)
  },
}
