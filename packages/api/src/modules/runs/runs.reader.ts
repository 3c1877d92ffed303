import { and, asc, eq, ilike, inArray, type SQL, sql } from 'drizzle-orm'
import { anyOf, type Database } from '../../db/database.ts'
import { rowsOf } from '../../db/rows.ts'
import { InvalidInput, NotFound } from '../../errors.ts'
import type { Rows } from '../../graphql/keyset.ts'
import {
  type EpochRow,
  epochs,
  type LogRow,
  logs,
  type Metric,
  type RunRow,
  type RunStatus,
  runs,
} from './runs.table.ts'
import { readSeries, type Series, type SeriesCursor } from './series.ts'

/** Conditions that all hold; what is null or missing is no condition. */
export interface RunWhere {
  status?: readonly RunStatus[] | null | undefined
  arch?: readonly string[] | null | undefined
  datasetId?: number | null | undefined
  tags?: readonly string[] | null | undefined
  name?: string | null | undefined
  studyId?: number | null | undefined
  /** Whether some study started it. */
  ofStudies?: boolean | null | undefined
}

/** In a pattern % and _ stand for other text; here they stand for themselves. */
const literal = (text: string): string => text.replace(/[\\%_]/g, (sign) => `\\${sign}`)

const condition = (where: RunWhere): SQL | undefined =>
  and(
    where.status ? inArray(runs.status, [...where.status]) : undefined,
    where.arch ? anyOf(sql`${runs.config}->>'arch'`, where.arch, 'text') : undefined,
    where.datasetId ? eq(runs.datasetId, where.datasetId) : undefined,
    where.tags ? sql`${runs.tags} @> ${sql.param(where.tags)}::text[]` : undefined,
    where.studyId ? eq(runs.studyId, where.studyId) : undefined,
    typeof where.ofStudies === 'boolean' ? sql`(${runs.studyId} is not null) = ${where.ofStudies}` : undefined,
    where.name ? ilike(runs.name, `%${literal(where.name)}%`) : undefined,
  )

/** What can be asked about runs. */
export class RunReader {
  protected readonly db: Database

  constructor(db: Database) {
    this.db = db
  }

  byIds(ids: readonly number[]): Promise<RunRow[]> {
    return this.db
      .select()
      .from(runs)
      .where(inArray(runs.id, [...ids]))
  }

  /** @throws NotFound */
  async get(id: number): Promise<RunRow> {
    const [run] = await this.byIds([id])
    if (!run) throw new NotFound('Run', id)
    return run
  }

  list(where: RunWhere): Rows<RunRow> {
    return rowsOf(this.db, runs, condition(where))
  }

  epochs(runIds: number[]): Promise<EpochRow[]> {
    return this.db.select().from(epochs).where(inArray(epochs.runId, runIds)).orderBy(asc(epochs.runId), epochs.epoch)
  }

  /** Epochs by `run:epoch`, in the order asked for. */
  async epochsByKey(keys: readonly string[]): Promise<(EpochRow | null)[]> {
    const pairs = keys.map((text) => text.split(':').map(Number))
    const [runIds, numbers] = [0, 1].map((i) => sql`${sql.param(pairs.map((pair) => pair[i]))}::int[]`)
    // Each is one look into the primary key, however many epochs its run has.
    const rows = await this.db
      .select()
      .from(epochs)
      .where(sql`(${epochs.runId}, ${epochs.epoch}) in (select * from unnest(${runIds}, ${numbers}))`)
    return keys.map((text) => rows.find((row) => text === `${row.runId}:${row.epoch}`) ?? null)
  }

  log(runId: number): Rows<LogRow> {
    return rowsOf(this.db, logs, eq(logs.runId, runId))
  }

  /**
   * A metric over steps. Without `sinceStep`, a subscription's cursor says where to go on from.
   * @throws InvalidInput where maxPoints is not in 4..10000.
   */
  async series(
    runId: number,
    { metric, maxPoints, sinceStep }: { metric: Metric; maxPoints: number; sinceStep: number | null },
    cursor?: SeriesCursor,
  ): Promise<Series> {
    if (maxPoints < 4 || maxPoints > 10_000) {
      const message = 'must be a whole number from 4 to 10000'
      throw new InvalidInput([{ field: 'maxPoints', value: String(maxPoints), message }])
    }
    if (sinceStep !== null || !cursor) return readSeries(this.db, runId, metric, maxPoints, sinceStep)
    const series = await readSeries(this.db, runId, metric, maxPoints, cursor.since(metric))
    if (series.lastStep !== null) cursor.reached(metric, series.lastStep)
    return series
  }
}
