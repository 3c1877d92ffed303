/** Curves: a metric over steps, thinned out in the database so that a long run costs no more to draw than a short one. */
import { and, asc, desc, eq, gt, type SQL, sql } from 'drizzle-orm'
import { type Database, query } from '../../db/database.ts'
import { type Metric, points } from './runs.table.ts'

export interface Point {
  step: number
  value: number
}

export interface Series {
  metric: Metric
  points: Point[]
  /** Points in the stretch, before thinning out. */
  total: number
  lastStep: number | null
}

/**
 * Points of one metric after `sinceStep`, at most `maxPoints` of them: all if they fit, otherwise the first, the last, and
 * the lowest and highest of each of equally long stretches of steps between them.
 */
export async function readSeries(
  db: Database,
  runId: number,
  metric: Metric,
  maxPoints: number,
  sinceStep: number | null,
): Promise<Series> {
  const where = and(
    eq(points.runId, runId),
    eq(points.metric, metric),
    sinceStep === null ? undefined : gt(points.step, sinceStep),
  )
  const columns = { step: points.step, value: points.value }
  const some = await db
    .select(columns)
    .from(points)
    .where(where)
    .orderBy(asc(points.step))
    .limit(maxPoints + 1)
  const first = some[0]
  if (first === undefined) return { metric, points: [], total: 0, lastStep: null }
  if (some.length <= maxPoints) {
    return { metric, points: some, total: some.length, lastStep: some[some.length - 1]?.step ?? null }
  }

  const [end] = await db.select(columns).from(points).where(where).orderBy(desc(points.step)).limit(1)
  const last = end ?? first
  const stretches = Math.max(1, Math.floor((maxPoints - 2) / 2))
  // Stretch k covers the steps from bound(k) up to bound(k + 1); each of its extremes is one walk along the index.
  const bound = (k: SQL) =>
    sql`(${first.step}::int8 + ${k} * ${last.step - first.step + 1}::int8 / ${stretches}::int8)::int`
  const within = sql`${where} and step >= ${bound(sql`k`)} and step < ${bound(sql`(k + 1)`)}`
  const extremes = await query<Point>(
    db,
    sql`
      select step, value from generate_series(0, ${stretches}::int - 1) as k, lateral (
        (select step, value from points where ${within} order by value, step limit 1)
        union
        (select step, value from points where ${within} order by value desc, step limit 1)
      ) as extreme order by step`,
  )
  const between = extremes.filter(({ step }) => step > first.step && step < last.step)
  const total = await db.$count(points, where)
  return { metric, points: [first, ...between, last], total, lastStep: last.step }
}

/** How far one event of a subscription has to look back, and how far it came. */
export interface SeriesCursor {
  since(metric: Metric): number
  reached(metric: Metric, step: number): void
}

/** Follows what one subscriber has been sent, metric by metric: an epoch's points come after those of its last step. */
export class LiveCursor {
  readonly #start: number
  #attempt: number | null = null
  #sent = new Map<Metric, number>()

  constructor(sinceStep: number) {
    this.#start = sinceStep
  }

  /** For the next event. A new attempt went back to its checkpoint, so everything is sent again. */
  next(attempt: number): SeriesCursor {
    if (this.#attempt !== null && attempt !== this.#attempt) this.#sent = new Map()
    this.#attempt = attempt
    // Two fields of one event may ask for the same metric: both go on from the same step, and next time from where the first to read came.
    const before = new Map(this.#sent)
    const now = new Map<Metric, number>()
    const sent = this.#sent
    return {
      since: (metric) => before.get(metric) ?? this.#start,
      reached: (metric, step) => {
        now.set(metric, Math.min(step, now.get(metric) ?? step))
        sent.set(metric, now.get(metric) as number)
      },
    }
  }
}
