/** What runs and their log lines can be sorted by: names map to columns here, and nothing a client sends becomes SQL. */
import { sql } from 'drizzle-orm'
import { byCreation, type Key } from '../../graphql/keyset.ts'
import { type LogRow, logs, type RunRow, runs } from './runs.table.ts'

export const runOrderFields = ['createdAt', 'name', 'validLoss', 'accuracy'] as const
export type RunOrderField = (typeof runOrderFields)[number]

export function runOrder(field: RunOrderField, descending: boolean): Key<RunRow> {
  // A run without a best epoch comes last in either direction.
  const missing = descending ? '-Infinity' : 'Infinity'
  const best = (
    column: typeof runs.bestValidLoss | typeof runs.bestAccuracy,
    value: (run: RunRow) => number | null,
  ) => ({
    column: sql`coalesce(${column}, ${missing}::float8)`,
    type: 'float8' as const,
    value: (run: RunRow) => String(value(run) ?? missing),
    descending,
  })
  switch (field) {
    case 'createdAt':
      return byCreation(runs, descending)
    case 'name':
      return { column: sql`${runs.name}`, type: 'text', value: (run) => run.name, descending }
    case 'validLoss':
      return best(runs.bestValidLoss, (run) => run.bestValidLoss)
    case 'accuracy':
      return best(runs.bestAccuracy, (run) => run.bestAccuracy)
  }
}

export const logOrder: Key<LogRow> = {
  column: sql`${logs.id}`,
  type: 'int4',
  value: (line) => String(line.id),
  descending: false,
}
