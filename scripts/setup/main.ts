/**
 * Brings in what a machine lacks: `node_modules/.bin/node scripts/setup/main.ts [adapter] [console] [browser] [postgres]`. Messages go
 * to stderr; stdout gets one JSON object, the environment variables under which the adapter was found.
 */
import { ensureAdapter } from './adapter.ts'
import { ensureBrowser } from './browser.ts'
import { ensureConsole } from './console.ts'
import { ensurePostgres } from './postgres.ts'
import { SetupError } from './setup-error.ts'

const parts = process.argv.slice(2)
try {
  let env: Record<string, string> = {}
  for (const part of parts.length > 0 ? parts : ['adapter']) {
    switch (part) {
      case 'adapter':
        env = await ensureAdapter()
        break
      case 'console':
        ensureConsole()
        break
      case 'browser':
        await ensureBrowser()
        break
      case 'postgres':
        await ensurePostgres()
        break
      default:
        throw new SetupError(`there is no part ${part}`, ['name adapter, console, browser or postgres'])
    }
  }
  console.log(JSON.stringify(env))
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(error.text())
  process.exitCode = 1
}
