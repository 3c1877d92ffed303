/** What a question costs the database: its statements, and the rows that their plans read. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { type SQL, sql } from 'drizzle-orm'
import { vi } from 'vitest'
import { type Database, query } from '../db/database.ts'

export interface Statement {
  sql: string
  params: unknown[]
}

/** The statements that `work` sends; what the platform does by itself meanwhile is not among them. */
export async function statementsOf(db: Database, work: () => Promise<unknown>): Promise<Statement[]> {
  const sent = new AsyncLocalStorage<Statement[]>()
  const { session } = db._
  const prepare = session.prepareQuery.bind(session)
  const spy = vi.spyOn(session, 'prepareQuery').mockImplementation((statement, ...rest) => {
    sent.getStore()?.push(statement)
    return prepare(statement, ...rest)
  })
  try {
    const statements: Statement[] = []
    await sent.run(statements, work)
    return statements
  } finally {
    spy.mockRestore()
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
