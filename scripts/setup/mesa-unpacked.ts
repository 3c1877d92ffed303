/**
 * Mesa's software adapter without root, and without touching the system: the distribution's packages are fetched by an apt
 * with lists, status and cache of its own, and the driver, the Vulkan loader and the libraries they load are taken out of
 * them into the user's cache. Their packages are signed and checked as ever.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readSources, sourceOf } from '../../apps/server/src/doctor/debian-sources.ts'
import { cacheFolder, type Recipe } from '../../apps/server/src/doctor/recipe.ts'
import { backportsSource, MESA_PACKAGES, mesaSource, type System } from '../../apps/server/src/doctor/system.ts'
import { AptError, apt, STRICT } from './apt.ts'

/** Packages of the C and C++ runtimes: Node runs, so they are here, and a second C library in one process would not do. */
const PRESENT = new Set(['libc6', 'libgcc-s1', 'gcc-12-base', 'gcc-14-base', 'libstdc++6'])
const DRIVER = 'libvulkan_lvp.so'

/**
 * Not on systems whose packages are not known to work. The loader alone comes first: a GPU's driver may be installed and
 * only lack it. Throws AptError.
 */
export async function unpackMesa(system: System): Promise<Recipe[]> {
  if (!mesaSource(system)) return []
  const folder = join(cacheFolder(), `mesa-${system.id}-${system.version}-${process.arch}`)
  if (!existsSync(folder)) {
    console.error(`installing about 55 MB (Mesa's software adapter) into ${folder}: the system stays as it is …`)
    const work = `${folder}.${process.pid}`
    try {
      await fetchPackages(system, work)
      takeDriver(work)
      // Another process may have been at it at the same time, and first.
      if (!existsSync(folder)) renameSync(join(work, 'driver'), folder)
    } finally {
      rmSync(work, { recursive: true, force: true })
    }
  }
  const loader = { LD_LIBRARY_PATH: folder }
  return [loader, { ...loader, VK_DRIVER_FILES: join(folder, 'lavapipe.json') }]
}

/** Fetches the packages and all they depend on, and unpacks them into `work`/root. */
async function fetchPackages(system: System, work: string): Promise<void> {
  for (const part of ['state/lists/partial', 'cache/archives/partial', 'sources', 'debs', 'root', 'driver']) {
    mkdirSync(join(work, part), { recursive: true })
  }
  writeFileSync(join(work, 'status'), '')
  writeFileSync(join(work, 'sources', 'system.sources'), privateSources(system))
  // The machine's own apt.conf.d (proxies, certificates) holds as well.
  const config = `
Dir::State "${work}/state";
Dir::State::status "${work}/status";
Dir::Cache "${work}/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "${work}/sources";
Debug::NoLocking "1";
APT::Sandbox::User "";
`
  writeFileSync(join(work, 'apt.conf'), config)
  const env = { APT_CONFIG: join(work, 'apt.conf') }
  await apt(['update', '-qq', ...STRICT], { env })
  const release = mesaSource(system) === 'backports' ? ['-t', `${system.codename}-backports`] : []
  const simulated = await apt(['-s', 'install', '--no-install-recommends', ...release, ...MESA_PACKAGES], { env })
  const wanted = [...simulated.matchAll(/^Inst (\S+) \((\S+) /gm)].filter(([, name]) => !PRESENT.has(name ?? ''))
  const debs = join(work, 'debs')
  await apt(['download', '-qq', ...wanted.map(([, name, version]) => `${name}=${version}`)], { env, cwd: debs })
  for (const deb of globSync(join(debs, '*.deb'))) await apt(['-x', deb, join(work, 'root')], { command: 'dpkg-deb' })
}

/** Sources of the release, its security updates and its backports, over the machine's own mirrors. */
function privateSources({ codename, id }: System): string {
  const sources = readSources()
  const suites = [codename, `${codename}-updates`, `${codename}-security`]
  const stanzas = suites.flatMap((suite) => {
    const source = sourceOf(suite, sources)
    if (!source) return []
    const signedBy = source.signedBy ? `Signed-By: ${source.signedBy}\n` : ''
    return [`Types: deb\nURIs: ${source.uri}\nSuites: ${suite}\nComponents: main\n${signedBy}`]
  })
  if (stanzas.length === 0) throw new AptError(`/etc/apt names no package source of ${codename}`)
  return [...stanzas, ...(id === 'debian' && codename === 'bookworm' ? [backportsSource(codename, sources)] : [])].join(
    '\n',
  )
}

/** Copies the driver, the loader and every library of `work`/root that they load into `work`/driver, flat. */
function takeDriver(work: string): void {
  // Of the older packages some hold /lib/x86_64-linux-gnu, the others /usr/lib/x86_64-linux-gnu.
  const files = (name: string): string[] => globSync(join(work, 'root/{usr/lib,lib}/*-linux-gnu', name))
  const driver = files(DRIVER)[0]
  const loader = files('libvulkan.so.1')[0]
  const icd = globSync(join(work, 'root/usr/share/vulkan/icd.d/lvp_icd*.json'))[0]
  if (!driver || !loader || !icd) throw new AptError(`the packages hold no ${DRIVER}, libvulkan.so.1 or lvp_icd.json`)
  const target = join(work, 'driver')
  const env = { ...process.env, LD_LIBRARY_PATH: files('').join(':') }
  const { stdout, error } = spawnSync('ldd', [driver, loader], { env, encoding: 'utf8' })
  if (error) throw new AptError(`ldd does not start: ${error.message}`)
  const loaded = [...stdout.matchAll(/^\s+(\S+) => (\S+)/gm)]
  const missing = loaded.filter(([, , path]) => path === 'not').map(([, name]) => name)
  if (missing.length > 0) throw new AptError(`${DRIVER} needs ${missing.join(', ')}, which no package brought`)
  const own = loaded.map(([, , path]) => path ?? '').filter((path) => path.startsWith(work))
  for (const file of [driver, loader, ...own]) copyFileSync(file, join(target, basename(file)))
  const description = JSON.parse(readFileSync(icd, 'utf8'))
  // A path without a slash would be looked up in the system's folders; this one is relative to the description.
  description.ICD.library_path = `./${DRIVER}`
  writeFileSync(join(target, 'lavapipe.json'), JSON.stringify(description))
}
