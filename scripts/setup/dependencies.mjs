// Installs the npm dependencies where they are missing or older than the lock file. On its own: node scripts/setup/dependencies.mjs
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { childEnvironment, node24, root, runForeground } from './processes.mjs'

const lock = join(root, 'package-lock.json')
// npm writes it last, so it is missing after an install that was cut off.
const installed = join(root, 'node_modules', '.package-lock.json')

/** @param {string} file */
const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Throws an error that says what to run where npm fails or leaves no Node 24. */
export async function installDependencies() {
  if (existsSync(node24) && modified(installed) >= modified(lock)) return
  console.error('dependencies: installing by npm install (the first time takes a minute or two) …')
  const started = Date.now()
  // What an install that was cut off has left makes the next one fail.
  if (!existsSync(installed)) rmSync(join(root, 'node_modules'), { recursive: true, force: true })
  const code = await npmInstall()
  if (code !== 0) throw new Error('npm install failed: see its messages above')
  const now = new Date()
  utimesSync(installed, now, now)
  checkNode()
  console.error(`dependencies: installed in ${Math.round((Date.now() - started) / 1000)} s`)
}

/** By the npm that runs this script, if one does; else by the one on the path. Resolves with its exit code. */
function npmInstall() {
  // `npm ci` would refuse lock files made where a registry lacks the packages of other platforms; --no-save keeps the lock file.
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = process.env.npm_execpath
  if (npm?.endsWith('.js')) return runForeground(process.execPath, [npm, ...args], process.env, { stdout: 2 })
  return runForeground('npm', args, process.env, { stdout: 2, shell: process.platform === 'win32' }).catch((error) => {
    throw new Error(`npm does not start (${error.message}): install Node.js 20 or later with npm`)
  })
}

function checkNode() {
  const { stdout } = spawnSync(node24, ['--version'], { encoding: 'utf8', env: childEnvironment() })
  if (stdout?.startsWith('v24.')) return
  throw new Error(
    'npm left no Node 24 in node_modules/node: its install script did not run (is ignore-scripts set?). Run: npm rebuild node --ignore-scripts=false',
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await installDependencies()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
