import { and, type SQL } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import type { Rows } from '../graphql/keyset.ts'
import type { Database } from './database.ts'

/** The rows of a table that meet a condition, for a connection to read page by page. */
export function rowsOf<Table extends PgTable>(
  db: Database,
  table: Table,
  condition?: SQL,
): Rows<Table['$inferSelect']> {
  return {
    page: ({ where, orderBy, limit }) =>
      db
        .select()
        .from(table as PgTable)
        .where(and(condition, where))
        .orderBy(orderBy)
        .limit(limit) as Promise<Table['$inferSelect'][]>,
    count: () => db.$count(table, condition),
  }
}
