/** Where the platform's data would be, and whether a server could open it now. Looks on; opens no embedded database. */
import { readFileSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

export type DatabaseReport =
  | { kind: 'embedded'; folder: string; state: 'absent' | 'free' }
  | { kind: 'embedded'; folder: string; state: 'in use'; by: string }
  | { kind: 'postgresql'; url: string; state: 'reachable'; version: string }
  | { kind: 'postgresql'; url: string; state: 'unreachable'; reason: string }

/** Milliseconds; a server that is there answers at once. */
const TIME_LIMIT = 5000

/** Never throws: what fails is part of the report. The URL is reported without user and password. */
export async function inspectDatabase(dataDir: string, databaseUrl?: string): Promise<DatabaseReport> {
  return databaseUrl ? inspectPostgres(databaseUrl) : inspectFolder(dataDir)
}

function inspectFolder(folder: string): DatabaseReport {
  const owner = readOwner(join(folder, 'lock.json'))
  if (owner) return { kind: 'embedded', folder, state: 'in use', by: owner }
  const made = statSync(join(folder, 'database'), { throwIfNoEntry: false })?.isDirectory()
  return { kind: 'embedded', folder, state: made ? 'free' : 'absent' }
}

/** Who holds the folder's lock; null where nobody does, or a process of this host that has ended. */
function readOwner(lock: string): string | null {
  let owner: { pid?: unknown; host?: unknown }
  try {
    owner = JSON.parse(readFileSync(lock, 'utf8'))
  } catch {
    return null // Absent, or in the middle of being written.
  }
  const { pid, host } = owner
  if (typeof pid !== 'number' || typeof host !== 'string') return null
  return host !== hostname() || isAlive(pid) ? `process ${pid} on ${host}` : null
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function inspectPostgres(databaseUrl: string): Promise<DatabaseReport> {
  if (!URL.canParse(databaseUrl)) {
    return { kind: 'postgresql', url: '', state: 'unreachable', reason: 'DATABASE_URL is not a URL' }
  }
  const { protocol, host, pathname } = new URL(databaseUrl)
  const url = `${protocol}//${host}${pathname}`
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: TIME_LIMIT,
    query_timeout: TIME_LIMIT,
  })
  try {
    await client.connect()
    const { rows } = await client.query<{ server_version: string }>('show server_version')
    return { kind: 'postgresql', url, state: 'reachable', version: rows[0]?.server_version ?? 'unknown' }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    return { kind: 'postgresql', url, state: 'unreachable', reason: message || code || 'no answer' }
  } finally {
    await client.end().catch(() => undefined) // Never connected, or gone: either way it is closed.
  }
}
