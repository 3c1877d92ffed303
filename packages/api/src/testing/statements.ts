/** What a question costs the database: its statements, and the rows that their plans read. */
import { type SQL, sql } from 'drizzle-orm'
import { vi } from 'vitest'
import { type Database, query } from '../db/database.ts'

export interface Statement {
  sql: string
  params: unknown[]
}

/** The statements that are sent while `work` is under way, by whomever. */
export async function statementsOf(db: Database, work: () => Promise<unknown>): Promise<Statement[]> {
  const prepared = vi.spyOn(db._.session, 'prepareQuery')
  try {
    await work()
    return prepared.mock.calls.map(([statement]) => statement)
  } finally {
    prepared.mockRestore()
  }
}

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: PlanNode[]
}

/** Rows of `table` that a statement reads, those that it passes over included, over all the times that it goes there. */
export async function rowsRead(db: Database, statement: Statement, table: string): Promise<number> {
  const [row] = await query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    db,
    sql`explain (analyze, format json) ${again(statement)}`,
  )
  if (!row) throw new Error('The database explained nothing')
  const read = (node: PlanNode): number => {
    const own =
      node['Relation Name'] === table
        ? node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)
        : 0
    const below = (node.Plans ?? []).reduce((sum, child) => sum + read(child), 0)
    return own * node['Actual Loops'] + below
  }
  return Math.round(read(row['QUERY PLAN'][0].Plan))
}

/** drizzle numbers parameters in the order in which they stand. */
const again = ({ sql: text, params }: Statement): SQL => {
  const parts = text.split(/\$\d+/)
  return sql.join(parts.flatMap((part, i) => (i === 0 ? [sql.raw(part)] : [sql.param(params[i - 1]), sql.raw(part)])))
}
