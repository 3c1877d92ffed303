// npm start: brings in what is missing, then serves API, worker and console with the demo on http://127.0.0.1:4100 (PORT overrides).
import { join } from 'node:path'
import { prepare } from './setup/prepare.mjs'
import { node24, root, runForeground } from './setup/processes.mjs'

try {
  const env = await prepare('adapter', 'console')
  const server = ['--conditions=@sporeprint/source', join(root, 'apps/server/bin/sporeprint.js')]
  const where = ['--data', join(root, '.sporeprint'), '--port', process.env.PORT || '4100']
  process.exitCode = await runForeground(
    node24,
    [...server, 'serve', '--demo', ...where, ...process.argv.slice(2)],
    env,
  )
} catch (error) {
  console.error(`npm start: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
