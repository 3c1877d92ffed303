/**
 * An adapter recipe: the environment variables under which this machine's WebGPU finds an adapter, where it finds none
 * without them (a driver unpacked into the user's cache, say). Set-up writes it; every command reads it, so that what
 * `npm start` arranged once holds for `npx sporeprint` as well.
 */
import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { homedir, hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

export type Recipe = Record<string, string>

/** Variables a recipe may set: a cache file is no way to set anything else. */
const ALLOWED = new Set(['VK_DRIVER_FILES', 'LD_LIBRARY_PATH'])
const ICD_FOLDERS = ['/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d']

/**
 * The folder for what may be thrown away, made if it is not there: in XDG_CACHE_HOME, else in ~/.cache, else (an account
 * without a home) in the temporary folder. Only a folder that this user owns will do, because libraries are loaded from it.
 */
export function cacheFolder(): string {
  const uid = process.getuid?.() ?? 0
  const { XDG_CACHE_HOME } = process.env
  const candidates = [
    ...(XDG_CACHE_HOME ? [join(XDG_CACHE_HOME, 'sporeprint')] : []),
    join(homedir(), '.cache', 'sporeprint'),
    join(tmpdir(), `sporeprint-${uid}`),
  ]
  const failures: string[] = []
  for (const folder of candidates) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      accessSync(folder, constants.W_OK)
      if (process.getuid && lstatSync(folder).uid !== uid) throw new Error('belongs to another user')
      return folder
    } catch (error) {
      failures.push(`${folder}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  throw new Error(`no folder for caches can be written; set XDG_CACHE_HOME to one that can:\n${failures.join('\n')}`)
}

const recipeFile = (): string => join(cacheFolder(), 'adapter.json')

/** Changes with everything that may bring a better adapter: Dawn's version, the drivers, the devices, the machine. */
function recipeKey(): string {
  const webgpu = createRequire(import.meta.url).resolve('webgpu/package.json')
  const facts = [
    JSON.parse(readFileSync(webgpu, 'utf8')).version,
    hostname(),
    process.arch,
    ICD_FOLDERS.map((folder) => statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? null),
    entries('/dev').filter((name) => name.startsWith('nvidia')),
    entries('/dev/dri'),
  ]
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex')
}

function entries(folder: string): string[] {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder).sort() : []
}

/** The recipe kept for this machine as it is now, or null where there is none or the machine has changed since. */
export function readRecipe(): Recipe | null {
  try {
    const kept: unknown = JSON.parse(readFileSync(recipeFile(), 'utf8'))
    return isRecipeFile(kept) && kept.key === recipeKey() ? kept.env : null
  } catch {
    return null // Never written, or cut off in writing: it is only a cache.
  }
}

function isRecipeFile(value: unknown): value is { key: string; env: Recipe } {
  const { env } = (value ?? {}) as { env?: unknown }
  if (typeof env !== 'object' || env === null) return false
  return Object.entries(env).every(([name, setting]) => ALLOWED.has(name) && typeof setting === 'string')
}

export function writeRecipe(env: Recipe): void {
  writeFileSync(recipeFile(), `${JSON.stringify({ key: recipeKey(), env }, null, 2)}\n`, { mode: 0o600 })
}

/** What `recipe` changes in `env`: its folder goes in front of LD_LIBRARY_PATH; a driver that the user has named stays. */
export function recipeChanges(recipe: Recipe, env: NodeJS.ProcessEnv = process.env): Recipe {
  const { LD_LIBRARY_PATH: folder, ...variables } = recipe
  const changes = Object.fromEntries(Object.entries(variables).filter(([name]) => env[name] === undefined))
  const path = (env.LD_LIBRARY_PATH ?? '').split(':').filter((entry) => entry !== '')
  if (folder && !path.includes(folder)) changes.LD_LIBRARY_PATH = [folder, ...path].join(':')
  return changes
}

/**
 * Puts the kept recipe into `process.env`, for the child processes that open devices (LD_LIBRARY_PATH cannot reach this
 * one any more). Call it once, at a command's start.
 */
export function applyRecipe(): void {
  Object.assign(process.env, recipeChanges(readRecipe() ?? {}))
}

/**
 * Variables that drivers expect and that bare machines lack: XDG_RUNTIME_DIR, without which the Vulkan loader warns, and a
 * place for Mesa's shader cache where the home folder cannot be written.
 */
export function driverEnvironment(env: NodeJS.ProcessEnv = process.env): Recipe {
  if (process.platform !== 'linux') return {}
  const missing: Recipe = {}
  if (!env.XDG_RUNTIME_DIR) missing.XDG_RUNTIME_DIR = cacheFolder()
  if (!env.XDG_CACHE_HOME && !writable(homedir())) missing.XDG_CACHE_HOME = cacheFolder()
  return missing
}

function writable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}
