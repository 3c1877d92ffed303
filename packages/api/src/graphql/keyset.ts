/**
 * Relay connections by keyset: a cursor is the sort value and the primary key of its row, so that a page starts where the
 * last one ended however many rows came or went in between, at the same cost for every page.
 */
import { type DefaultConnectionArguments, type PageInfoShape, resolveCursorConnection } from '@pothos/plugin-relay'
import { type Column, type SQL, sql } from 'drizzle-orm'
import { badArgument } from './errors.ts'

/** Rows asked of a page when `first` is left out, and the most it may ask. */
const defaultSize = 20
const maxSize = 200

export interface Key<Row> {
  /** What rows are sorted by, before their id. */
  column: SQL
  /** The SQL type that a cursor's value is read as. */
  type: 'timestamptz' | 'text' | 'float8' | 'int4'
  value: (row: Row) => string
  descending: boolean
}

/** By when rows were made: the newest first, or last. */
export const byCreation = <Row extends { createdAt: Date }>(
  table: { createdAt: Column },
  descending = true,
): Key<Row> => ({
  column: sql`${table.createdAt}`,
  type: 'timestamptz',
  value: ({ createdAt }) => createdAt.toISOString(),
  descending,
})

/** One page as SQL: `where` may be undefined, `orderBy` ends in the id. */
export interface Page {
  where: SQL | undefined
  orderBy: SQL
  limit: number
}

/** Rows that can be read page by page, and counted when somebody asks. */
export interface Rows<Row> {
  page(page: Page): Promise<Row[]>
  count(): Promise<number>
}

const encode = (value: string, id: number): string => Buffer.from(JSON.stringify([value, id])).toString('base64url')

function decode(cursor: string): [string, number] {
  try {
    const [value, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (typeof value === 'string' && Number.isSafeInteger(id)) return [value, id]
  } catch {
    // Not JSON: refused below like any other text that no page has given out.
  }
  throw badArgument(`"${cursor}" is not a cursor of this list; take endCursor or startCursor of a page`)
}

export interface Connection<Row> {
  edges: { cursor: string; node: Row }[]
  pageInfo: PageInfoShape
  totalCount: () => Promise<number>
}

/** Resolves a connection: one page of the rows, in the order of the key. */
export async function keysetConnection<Row extends { id: number }>(
  args: DefaultConnectionArguments,
  key: Key<Row>,
  rows: Rows<Row>,
): Promise<Connection<Row>> {
  for (const name of ['first', 'last'] as const) {
    const size = args[name]
    if (typeof size === 'number' && (size < 0 || size > maxSize)) {
      throw badArgument(`${name} is ${size}: must be a whole number from 0 to ${maxSize}`)
    }
  }
  const connection = await resolveCursorConnection<Promise<Row[]>>(
    { args, defaultSize, maxSize, toCursor: (row) => encode(key.value(row), row.id) },
    ({ before, after, limit, inverted }) => {
      const beyond = (cursor: string | undefined, later: boolean): SQL | undefined => {
        if (cursor === undefined) return undefined
        const [value, id] = decode(cursor)
        const compare = sql.raw(later === key.descending ? '<' : '>')
        return sql`(${key.column}, id) ${compare} (${value}::${sql.raw(key.type)}, ${id}::int4)`
      }
      const bounds = [beyond(after, true), beyond(before, false)].filter((bound) => bound !== undefined)
      const direction = sql.raw(key.descending === inverted ? 'asc' : 'desc')
      return rows.page({
        where: bounds.length > 0 ? sql.join(bounds, sql` and `) : undefined,
        orderBy: sql`${key.column} ${direction}, id ${direction}`,
        limit,
      })
    },
  )
  // Pothos types the edges by every nullability a schema may choose; ours never are null.
  // drizzle asks the database at each `then`, and GraphQL calls more than one: an async function calls one.
  return { ...(connection as Omit<Connection<Row>, 'totalCount'>), totalCount: async () => rows.count() }
}

/** What a connection adds to the cost of its operation: one page of rows. */
export const pageComplexity = (args: DefaultConnectionArguments) => ({
  field: 1,
  multiplier: Math.max(1, args.first ?? args.last ?? defaultSize),
})
