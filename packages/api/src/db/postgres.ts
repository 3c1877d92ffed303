/** PostgreSQL by URL, for many users, processes and machines. */
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'
import { StartupError } from '../errors.ts'
import { channel } from '../live/live.ts'
import type { Connection, Listener } from './connect.ts'
import type { Database } from './database.ts'
import { migrationsFolder } from './migrations.ts'
import * as schema from './schema.ts'

/** Any number, the same in every process: drizzle's migrator takes no lock, and two at once break each other. */
const migrationLock = 7_405_001

/** Without user and password, for messages. */
function named(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}

async function runMigrations(pool: pg.Pool): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [migrationLock])
    try {
      await migrate(drizzle(client, { casing: 'snake_case' }), { migrationsFolder })
    } finally {
      await client.query('select pg_advisory_unlock($1)', [migrationLock])
    }
  } finally {
    client.release()
  }
}

/**
 * Keeps one connection listening, and makes a new one when it breaks. What was said in between is lost, so `gap` is called
 * after every reconnection.
 */
async function keepListening(url: string, { receive, gap, onError }: Listener): Promise<() => Promise<void>> {
  let client: pg.Client | null = null
  let retry: NodeJS.Timeout | undefined
  let stopped = false

  const connect = async (): Promise<void> => {
    const next = new pg.Client({ connectionString: url, keepAlive: true })
    next.on('notification', ({ payload }) => payload !== undefined && receive(payload))
    next.on('error', onError)
    next.on('end', () => again())
    await next.connect()
    await next.query(`listen ${channel}`)
    client = next
  }
  const again = (): void => {
    client = null
    if (stopped) return
    clearTimeout(retry)
    retry = setTimeout(() => {
      connect().then(gap, (error: Error) => {
        onError(error)
        again()
      })
    }, 500)
  }

  await connect()
  return async () => {
    stopped = true
    clearTimeout(retry)
    await client?.end()
  }
}

/** @throws StartupError DATABASE_UNREACHABLE */
export async function openPostgres(url: string, onError: (error: Error) => void): Promise<Connection> {
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  // An idle connection that breaks is replaced; without a listener it would end the process.
  pool.on('error', onError)
  try {
    await runMigrations(pool)
  } catch (error) {
    await pool.end()
    const { code, message } = error as NodeJS.ErrnoException
    const why = message || code || 'no answer'
    throw new StartupError(
      'DATABASE_UNREACHABLE',
      `The database ${named(url)} could not be prepared: ${why}. Check DATABASE_URL and that the server runs`,
      { cause: error },
    )
  }
  const db = drizzle(pool, { schema, casing: 'snake_case' })
  return {
    db: db as unknown as Database,
    queue: { connectionString: url },
    exclusive: false,
    listen: (listener) => keepListening(url, listener),
    close: () => pool.end(),
  }
}
