import { type SQL, sql } from 'drizzle-orm'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import type * as schema from './schema.ts'

/** PGlite or PostgreSQL, or a transaction on either. */
export type Database = PgDatabase<PgQueryResultHKT, typeof schema>

/** Rows of a statement that drizzle's builder cannot say. Column types are the driver's: int8 comes as text. */
export async function query<Row>(db: Database, statement: SQL): Promise<Row[]> {
  const result = (await db.execute(statement)) as unknown as { rows: Row[] }
  return result.rows
}

/** `= any($1)` with the list as one parameter, whatever its length; drizzle would expand it into one for each. */
export const anyOf = (column: SQL | { getSQL(): SQL }, values: readonly unknown[], type: string): SQL =>
  sql`${column} = any(${sql.param(values)}::${sql.raw(type)}[])`
