/** PostgreSQL's programs for the tests that run on both databases: Debian's package, without a server of its own. */
import { existsSync, globSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { readSystem } from '../../apps/server/src/doctor/system.ts'
import { AptError, install, plan, update } from './apt.ts'

const PROGRAMS = '/usr/lib/postgresql/*/bin/initdb'
const CLUSTER_SETTINGS = '/etc/postgresql-common/createcluster.conf'
const PACKAGES = ['postgresql']

/** Where it cannot be had, this is said, and the tests that need it are skipped: the embedded database has the same ones. */
export async function ensurePostgres(): Promise<void> {
  if (process.env.DATABASE_URL_TEST || globSync(PROGRAMS).length > 0) return
  const { id, root } = readSystem()
  const packaged = id === 'debian' || id === 'ubuntu'
  if (!packaged || !root) return skip(packaged ? 'run sudo apt-get install -y postgresql' : 'install it')
  try {
    await update()
    const { download } = await plan(PACKAGES)
    console.error(`database: installing ${download} (postgresql, for the tests that run on both databases) …`)
    withoutServer()
    await install(['-o', 'DPkg::Options::=--force-confold', ...PACKAGES])
  } catch (error) {
    if (!(error instanceof AptError)) throw error
    skip(`it cannot be installed (${error.message})`)
  }
}

/** The tests start and end clusters of their own; the package would otherwise make one and have it run from now on. */
function withoutServer(): void {
  if (existsSync(CLUSTER_SETTINGS)) return
  mkdirSync(dirname(CLUSTER_SETTINGS), { recursive: true })
  writeFileSync(CLUSTER_SETTINGS, 'create_main_cluster = false\n')
}

const skip = (how: string): void =>
  console.error(
    `database: PostgreSQL is not here, so its tests are skipped; to run them, ${how}, or set DATABASE_URL_TEST`,
  )
