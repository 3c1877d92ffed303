/** Chromium for the browser tests: Debian's package. */
import { existsSync } from 'node:fs'
import { readSystem } from '../../apps/server/src/doctor/system.ts'
import { AptError, install, plan, update } from './apt.ts'
import { SetupError } from './setup-error.ts'

/** Where Debian's package puts it and the tests look for it. */
const CHROMIUM = '/usr/bin/chromium'
/** A page without a single font renders no text; Chromium only recommends one. */
const PACKAGES = ['chromium', 'fonts-dejavu-core']

/** Throws a SetupError with the commands to run where there is no Chromium and it cannot be installed. */
export async function ensureBrowser(): Promise<void> {
  if (existsSync(CHROMIUM)) return
  const { id, root, name } = readSystem()
  if (id === 'debian' && root) {
    try {
      await update()
      const { download } = await plan(PACKAGES)
      console.error(`browser: installing ${download} (chromium, for the browser tests) …`)
      await install(PACKAGES)
      return
    } catch (error) {
      if (!(error instanceof AptError)) throw error
      throw new SetupError(`browser: ${error.message}`, ['apt-get update', `apt-get install -y ${PACKAGES.join(' ')}`])
    }
  }
  const cure =
    id === 'debian'
      ? `sudo apt-get install -y ${PACKAGES.join(' ')}`
      : `install Chromium on ${name} so that ${CHROMIUM} starts it`
  throw new SetupError(`browser: ${CHROMIUM}, which the browser tests drive, is not there:`, [cure])
}
