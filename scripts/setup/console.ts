/** The console's page, built where it is missing or older than what it is built from. */
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SetupError } from './setup-error.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const SOURCES = ['package-lock.json', 'apps/console', 'packages/web']
const BUILT = 'apps/console/dist'

/** Throws a SetupError where the build fails. */
export function ensureConsole(): void {
  const newest = Math.max(...SOURCES.map((path) => lastChange(join(root, path))))
  if (lastChange(join(root, BUILT), []) > newest) return
  console.error('console: building …')
  const { status, error, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'build', '-w', 'apps/console'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status === 0) return
  console.error(error?.message ?? stdout + stderr)
  throw new SetupError('console: the build failed, see above; by itself:', ['npm run build -w apps/console'])
}

/** Milliseconds since 1970 of the latest change to a file at or below `path`; 0 where there is none. */
function lastChange(path: string, skip = ['dist', 'node_modules']): number {
  const status = statSync(path, { throwIfNoEntry: false })
  if (!status) return 0
  if (!status.isDirectory()) return status.mtimeMs
  const names = readdirSync(path).filter((name) => !skip.includes(name) && !name.endsWith('.tsbuildinfo'))
  return Math.max(0, ...names.map((name) => lastChange(join(path, name), skip)))
}
