import type { ClassificationReport } from '@sporeprint/metrics'
import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import { anyOf, type Database } from '../../db/database.ts'
import { rowsOf } from '../../db/rows.ts'
import { NotFound } from '../../errors.ts'
import { byCreation, type Key, type Rows } from '../../graphql/keyset.ts'
import { type EvaluationRow, evaluations } from '../evaluations/evaluations.table.ts'
import { type RunRow, runs } from '../runs/runs.table.ts'
import { type FinalScore, finalScore, intervalOf, type ScoreInterval } from './scores.ts'
import { type StudyRow, studies, type TrialRow, type TrialState, trials } from './studies.table.ts'

type Split = EvaluationRow['split']

export const newestStudies: Key<StudyRow> = byCreation(studies)

export const trialOrderFields = ['number', 'value'] as const

/** By number, or by the value of the first objective; trials without one come last. */
export function trialOrder(field: (typeof trialOrderFields)[number], descending: boolean): Key<TrialRow> {
  if (field === 'number') {
    return { column: sql`${trials.number}`, type: 'int4', value: ({ number }) => String(number), descending }
  }
  const missing = descending ? '-Infinity' : 'Infinity'
  return {
    column: sql`coalesce(${trials.value}, ${missing}::float8)`,
    type: 'float8',
    value: ({ value }) => String(value ?? missing),
    descending,
  }
}

/** What can be asked about studies. */
export class StudyReader {
  protected readonly db: Database

  constructor(db: Database) {
    this.db = db
  }

  byIds(ids: readonly number[]): Promise<StudyRow[]> {
    return this.db
      .select()
      .from(studies)
      .where(inArray(studies.id, [...ids]))
  }

  /** @throws NotFound */
  async get(id: number): Promise<StudyRow> {
    const [study] = await this.byIds([id])
    if (!study) throw new NotFound('Study', id)
    return study
  }

  list(): Rows<StudyRow> {
    return rowsOf(this.db, studies)
  }

  trialsByIds(ids: readonly number[]): Promise<TrialRow[]> {
    return this.db
      .select()
      .from(trials)
      .where(inArray(trials.id, [...ids]))
  }

  /** Trials by `study:number`, in the order asked for. */
  async trialsByKey(keys: readonly string[]): Promise<(TrialRow | null)[]> {
    const key = sql`${trials.studyId} || ':' || ${trials.number}`
    const studyIds = keys.map((text) => Number(text.split(':')[0]))
    const rows = await this.db
      .select()
      .from(trials)
      .where(and(inArray(trials.studyId, studyIds), anyOf(key, keys, 'text')))
    return keys.map((text) => rows.find((row) => text === `${row.studyId}:${row.number}`) ?? null)
  }

  /** All trials of each study, by number. */
  async trialsOf(studyIds: readonly number[]): Promise<TrialRow[][]> {
    const rows = await this.db
      .select()
      .from(trials)
      .where(inArray(trials.studyId, [...studyIds]))
      .orderBy(asc(trials.number))
    const byStudy = Map.groupBy(rows, ({ studyId }) => studyId)
    return studyIds.map((id) => byStudy.get(id) ?? [])
  }

  /** The trials of a study, or those in some states. */
  trialList(studyId: number, states: readonly TrialState[] | null): Rows<TrialRow> {
    const among = states ? inArray(trials.state, [...states]) : undefined
    return rowsOf(this.db, trials, and(eq(trials.studyId, studyId), among))
  }

  /** How sure the value of a complete trial is, by the images that it was validated on; null where it is no score. */
  async interval({ plan, id }: StudyRow, trial: TrialRow): Promise<ScoreInterval | null> {
    const value = trial.values?.[0]
    const [objective] = plan.objectives
    if (value === undefined || !objective) return null
    const reports = await this.#reports(id, trial.number, false)
    const valid = reports.filter(({ split }) => split === 'valid').map(({ report }) => report)
    return valid.length < plan.folds ? null : intervalOf(objective, value, valid)
  }

  /** What the winner came to under other seeds: on the test split where there is one. */
  async finalScore({ plan, id }: StudyRow, winner: TrialRow): Promise<FinalScore | null> {
    const [objective] = plan.objectives
    if (!objective) return null
    const reports = await this.#reports(id, winner.number, true)
    const split = reports.some(({ split }) => split === 'test') ? 'test' : 'valid'
    return finalScore(
      objective,
      split,
      reports.filter((row) => row.split === split).map(({ report }) => report),
    )
  }

  /** What the runs of a trial said, or those that trained it anew. */
  #reports(studyId: number, trial: number, final: boolean): Promise<{ split: Split; report: ClassificationReport }[]> {
    return this.db
      .select({ split: evaluations.split, report: evaluations.report })
      .from(evaluations)
      .innerJoin(runs, eq(runs.id, evaluations.runId))
      .where(and(eq(runs.studyId, studyId), eq(runs.trial, trial), eq(runs.final, final)))
      .orderBy(asc(runs.id))
  }

  /** The runs of trials by `study:number`: fold by fold, then those of the winner under other seeds. */
  async runsOfTrials(keys: readonly string[]): Promise<RunRow[][]> {
    const key = sql`${runs.studyId} || ':' || ${runs.trial}`
    const studyIds = keys.map((text) => Number(text.split(':')[0]))
    const rows = await this.db
      .select()
      .from(runs)
      .where(and(inArray(runs.studyId, studyIds), anyOf(key, keys, 'text')))
      .orderBy(asc(runs.final), asc(runs.id))
    return keys.map((text) => rows.filter(({ studyId, trial }) => text === `${studyId}:${trial}`))
  }
}
