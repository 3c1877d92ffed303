/** Mesa's software adapter from the distribution's packages, installed into the system: as root only. */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { readSources, sourceOf } from '../../apps/server/src/doctor/debian-sources.ts'
import type { Recipe } from '../../apps/server/src/doctor/recipe.ts'
import {
  BACKPORTS_FILE,
  backportsSource,
  MESA_PACKAGES,
  mesaSource,
  type System,
} from '../../apps/server/src/doctor/system.ts'
import { install, plan, update } from './apt.ts'

/**
 * Installs the packages; the recipe is empty, since an installed driver is found without one. Not as another user than root,
 * not on systems whose packages are not known to work, and not where a desktop's own Mesa would be exchanged.
 */
export async function installMesa(system: System): Promise<Recipe[]> {
  const source = mesaSource(system)
  if (!source || !system.root) return []
  const packages = source === 'backports' ? ['-t', `${system.codename}-backports`, ...MESA_PACKAGES] : MESA_PACKAGES
  console.error(`no GPU answers: reading the package lists of ${system.name} …`)
  if (source === 'backports') await addBackports(system)
  else await update()
  const { upgraded, installed, removed, download } = await plan(packages)
  if (removed > 0 || (upgraded > 0 && hasDesktop())) {
    console.error(
      `installing Mesa would upgrade ${upgraded} and remove ${removed} packages that a desktop uses: left alone`,
    )
    return []
  }
  const also = upgraded > 0 ? `, ${upgraded} upgraded` : ''
  console.error(`installing ${download} (Mesa's software adapter: ${installed} new packages${also}) …`)
  await install(packages)
  return [{}]
}

async function addBackports({ codename }: System): Promise<void> {
  const sources = readSources()
  const ours = existsSync(BACKPORTS_FILE)
  if (!ours && sourceOf(`${codename}-backports`, sources)) return update()
  const text = backportsSource(codename, sources)
  if (!ours || readFileSync(BACKPORTS_FILE, 'utf8') !== text) writeFileSync(BACKPORTS_FILE, text)
  await update(BACKPORTS_FILE)
}

const hasDesktop = (): boolean => globSync('/usr/share/{xsessions,wayland-sessions}/*.desktop').length > 0
