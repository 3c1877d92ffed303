/** Curves: a metric over steps, thinned out in the database so that a long run costs no more to draw than a short one. */
import { and, asc, eq, gt, sql } from 'drizzle-orm'
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

interface Thinned {
  lowStep: number
  low: number
  highStep: number
  high: number
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

  const span = await query<{ total: number; last: number }>(
    db,
    sql`select count(*)::int as total, max(step) as last from points where ${where}`,
  )
  const { total, last } = span[0] ?? { total: 0, last: first.step }
  const stretches = Math.max(1, Math.floor((maxPoints - 2) / 2))
  const stretch = sql`((step - ${first.step}::int)::int8 * ${stretches}::int / (${last}::int - ${first.step}::int + 1))`
  const thinned = await query<Thinned>(
    db,
    sql`
      with stretched as (select step, value, ${stretch} as stretch from points where ${where}),
      extremes as (select stretch, min(value) as low, max(value) as high from stretched group by stretch)
      select min(step) filter (where value = low) as "lowStep", low,
             min(step) filter (where value = high) as "highStep", high
      from stretched join extremes using (stretch)
      where value = low or value = high
      group by stretch, low, high order by stretch`,
  )
  const kept = new Map<number, number>([[first.step, first.value]])
  for (const { lowStep, low, highStep, high } of thinned) {
    const pair: [number, number][] = [
      [lowStep, low],
      [highStep, high],
    ]
    for (const [step, value] of lowStep < highStep ? pair : pair.reverse()) kept.set(step, value)
  }
  if (!kept.has(last)) {
    const end = await db
      .select(columns)
      .from(points)
      .where(and(where, eq(points.step, last)))
    for (const { step, value } of end) kept.set(step, value)
  }
  return { metric, points: Array.from(kept, ([step, value]) => ({ step, value })), total, lastStep: last }
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
    // Two fields of one event that ask for the same metric get the same points.
    const before = new Map(this.#sent)
    const sent = this.#sent
    return {
      since: (metric) => before.get(metric) ?? this.#start,
      reached: (metric, step) => sent.set(metric, step),
    }
  }
}
