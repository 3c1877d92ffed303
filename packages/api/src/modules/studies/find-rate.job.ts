/** A study's range test: it is searched around the learning rate that this finds, and that rate is tried first. */
import { type Parameter, type Parameters, record } from '@sporeprint/tuning'
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

/** How far the range reaches to either side of the rate. */
const reach = 5

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

  store: (tx, { input, result }) => settleRate(tx, input.studyId, result.rate),
}

/** Lets a study begin that waited for its range test, around the rate that was found, if one was. */
export async function settleRate(tx: Database, studyId: number, rate: number | null): Promise<void> {
  const state = await lockStudy(tx, studyId)
  const search = state?.row.extras.rate
  if (!state || !search || search.settled) return
  const { row, driven } = state
  const { baseLr } = driven.plan.space
  const range = rate === null || baseLr === undefined ? null : around(rate, baseLr)
  if (range && baseLr) {
    driven.plan = { ...driven.plan, space: { ...driven.plan.space, baseLr: { ...baseLr, ...range } as Parameter } }
    for (const trial of driven.trials) trial.parameters = within(trial.parameters, range)
    record(driven, { kind: 'enqueued', parameters: { baseLr: rate } })
  }
  const settled: RateSearch = { ...search, settled: true, rate, range }
  await saveStudy(tx, state, { extras: { ...row.extras, rate: settled } })
  await announce(tx, 'study', 'updated', studyId)
}

/** Null where that would leave nothing of what was to be searched. */
function around(rate: number, parameter: Parameter): RateSearch['range'] {
  if (parameter.kind !== 'float') return null
  const low = Math.max(parameter.low, rate / reach)
  const high = Math.min(parameter.high, rate * reach)
  return low <= rate && rate <= high ? { low, high } : null
}

/** Of what waits to be tried, a rate that is no longer searched is the sampler's to choose. */
function within(parameters: Parameters, { low, high }: NonNullable<RateSearch['range']>): Parameters {
  const { baseLr, ...others } = parameters
  return typeof baseLr === 'number' && baseLr >= low && baseLr <= high ? parameters : others
}
