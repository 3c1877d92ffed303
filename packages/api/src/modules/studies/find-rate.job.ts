/** A study's range test: it is searched around the learning rate that this finds, and that rate is tried first. */
import { narrowed, type Parameters, record } from '@sporeprint/tuning'
import { eq } from 'drizzle-orm'
import type { Database } from '../../db/database.ts'
import { NotFound } from '../../errors.ts'
import { type FindRateJob, type FoundRate, parseRunConfig } from '../../jobs/contracts.ts'
import type { JobKind } from '../../jobs/kinds.ts'
import { announce } from '../../live/live.ts'
import { datasets } from '../datasets/datasets.table.ts'
import { lockStudy, saveStudy } from './studies.state.ts'
import { type RateSearch, studies } from './studies.table.ts'

export interface FindRateInput {
  studyId: number
}

export const findRateKind: JobKind<FindRateInput, FindRateJob, FoundRate> = {
  async prepare({ db }, { studyId }) {
    const [found] = await db
      .select({ config: studies.config, datasetPath: datasets.path })
      .from(studies)
      .innerJoin(datasets, eq(datasets.id, studies.datasetId))
      .where(eq(studies.id, studyId))
    if (!found) throw new NotFound('Study', studyId)
    return { config: parseRunConfig(found.config), datasetPath: found.datasetPath }
  },

  store: (tx, { input, result }) => settleRate(tx, input.studyId, result.range),
}

/** Lets a study begin that waited for its range test, around the rate that was found, if one was. */
export async function settleRate(tx: Database, studyId: number, found: FoundRate['range']): Promise<void> {
  const state = await lockStudy(tx, studyId)
  const search = state?.row.extras.rate
  if (!state || !search || search.settled) return
  const { row, driven } = state
  const settled: RateSearch = { ...search, settled: true, rate: found?.rate ?? null }
  const left = found && narrowed(driven.plan.space.baseLr, found)
  if (left) {
    const { parameter: baseLr, value: rate } = left
    const { low, high } = baseLr
    settled.range = { low, high }
    const { space, baseline } = driven.plan
    driven.plan = {
      ...driven.plan,
      space: { ...space, baseLr },
      ...(baseline && { baseline: { ...baseline, baseLr: rate } }),
    }
    for (const trial of driven.trials) {
      trial.parameters =
        baseline && trial.number === 0 ? { ...baseline, baseLr: rate } : within(trial.parameters, { low, high })
    }
    if (!baseline) record(driven, { kind: 'enqueued', parameters: { baseLr: rate } })
  }
  await saveStudy(tx, state, { extras: { ...row.extras, rate: settled } })
  await announce(tx, 'study', 'updated', studyId)
}

/** Of what waits to be tried, a rate that is no longer searched is the sampler's to choose. */
function within(parameters: Parameters, { low, high }: NonNullable<RateSearch['range']>): Parameters {
  const { baseLr, ...others } = parameters
  return typeof baseLr === 'number' && baseLr >= low && baseLr <= high ? parameters : others
}
