/** PostgreSQL for tests: DATABASE_URL_TEST, or a throwaway cluster from the binaries that Debian installs. */
import { execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { chown, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'

const run = promisify(execFile)

export interface TestPostgres {
  /** URL of a database of its own. */
  create(): Promise<string>
  stop(): Promise<void>
}

const home = '/usr/lib/postgresql'
const binaries = (): string | undefined =>
  existsSync(home)
    ? readdirSync(home)
        .map((version) => join(home, version, 'bin'))
        .find((bin) => existsSync(join(bin, 'initdb')))
    : undefined

export const hasPostgres: boolean = process.env.DATABASE_URL_TEST !== undefined || binaries() !== undefined

/** PostgreSQL refuses to run as root; Debian's package brings a user for it. */
async function owner(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, 'postgres'])).stdout)),
  )
  return { uid: uid ?? 0, gid: gid ?? 0 }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('No free port')
  return address.port
}

function databases(adminUrl: string): { create(): Promise<string>; dropAll(): Promise<void> } {
  const names: string[] = []
  const admin = async (statement: string) => {
    const client = new pg.Client({ connectionString: adminUrl })
    await client.connect()
    await client.query(statement).finally(() => client.end())
  }
  return {
    async create() {
      const name = `sporeprint_test_${process.pid}_${names.length}`
      names.push(name)
      await admin(`create database ${name}`)
      const url = new URL(adminUrl)
      url.pathname = `/${name}`
      return url.href
    },
    async dropAll() {
      for (const name of names) await admin(`drop database if exists ${name} with (force)`)
    },
  }
}

async function answers(url: string): Promise<void> {
  for (let tries = 0; ; tries++) {
    const client = new pg.Client({ connectionString: url })
    try {
      await client.connect()
      await client.end()
      return
    } catch (error) {
      if (tries === 100) throw error
      await sleep(100)
    }
  }
}

export async function startPostgres(): Promise<TestPostgres> {
  const given = process.env.DATABASE_URL_TEST
  if (given !== undefined) {
    const { create, dropAll } = databases(given)
    return { create, stop: dropAll }
  }
  const bin = binaries()
  if (bin === undefined) throw new Error('There is no PostgreSQL: set DATABASE_URL_TEST')
  const user = await owner()
  const folder = await mkdtemp(join(tmpdir(), 'sporeprint-postgres-'))
  if (user.uid !== undefined && user.gid !== undefined) await chown(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'test', '-A', 'trust', '--no-sync', '-E', 'UTF8'], {
    ...user,
    cwd: folder,
  })
  const port = await freePort()
  const settings = { fsync: 'off', unix_socket_directories: folder, listen_addresses: '127.0.0.1', port: String(port) }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(bin, 'postgres'), ['-D', data, ...flags], { ...user, cwd: folder, stdio: 'ignore' })
  const ended = new Promise((resolve) => server.once('exit', resolve))
  const url = `postgres://test@127.0.0.1:${port}/postgres`
  await answers(url)
  return {
    create: databases(url).create,
    async stop() {
      // "Immediate shutdown": the folder is thrown away.
      server.kill('SIGQUIT')
      await ended
      await rm(folder, { recursive: true, force: true })
    },
  }
}
