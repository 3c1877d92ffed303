/** Looks over everything that Sporeprint needs of a machine, and says what is wrong and how to mend it. */
import { accessSync, constants, existsSync, globSync, statfsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { adapterCures } from './cures.ts'
import { type DatabaseReport, inspectDatabase } from './database.ts'
import { type AdapterReport, type ProbeResult, probeAdapter } from './probe.ts'
import { driverEnvironment, readRecipe, recipeChanges } from './recipe.ts'
import { mesaSource, readSystem, type System } from './system.ts'

export interface Problem {
  /** An error keeps Sporeprint from working; a warning does not. */
  severity: 'error' | 'warning'
  message: string
  /** Commands, exactly as to be typed, or advice where there is none. */
  mend: string[]
}

export interface Diagnosis {
  /** True where no problem is an error. */
  ok: boolean
  /** The adapter that an engine host would get; null where none answers or the one that does computes wrongly. */
  adapter: AdapterReport | null
  system: string
  node: { version: string; path: string }
  database: DatabaseReport
  disk: { folder: string; freeBytes: number; totalBytes: number }
  problems: Problem[]
}

export interface DiagnoseOptions {
  dataDir?: string
  databaseUrl?: string | undefined
}

/** Node runs TypeScript source as it is from this version on. */
const OLDEST_NODE = [22, 18] as const
/** Below it a training run's checkpoints (a ResNet-50 with its optimiser is 0.3 GB) may not fit. */
const SCARCE_BYTES = 2e9

/** Takes a second or less, opens no device in this process and changes nothing. Never throws for what it finds. */
export async function diagnose({
  dataDir = '.sporeprint',
  databaseUrl = process.env.DATABASE_URL,
}: DiagnoseOptions = {}): Promise<Diagnosis> {
  const system = readSystem()
  const [probe, database] = await Promise.all([probeMachine(), inspectDatabase(resolve(dataDir), databaseUrl)])
  const node = { version: process.versions.node, path: process.execPath }
  const disk = freeSpace(resolve(dataDir))
  const problems = [
    ...adapterProblems(probe, system),
    ...nodeProblems(node.version),
    ...databaseProblems(database),
    ...diskProblems(disk),
  ]
  const ok = problems.every(({ severity }) => severity !== 'error')
  return { ok, adapter: probe.adapter, system: system.name, node, database, disk, problems }
}

/** As the machine is, then under the recipe that set-up has left. */
async function probeMachine(): Promise<ProbeResult> {
  const env = { ...process.env, ...driverEnvironment() }
  const asIs = await probeAdapter(env)
  const recipe = asIs.adapter ? null : readRecipe()
  if (!recipe) return asIs
  const kept = await probeAdapter({ ...env, ...recipeChanges(recipe, env) })
  return kept.adapter ? kept : asIs
}

function adapterProblems(probe: ProbeResult, system: System): Problem[] {
  if (probe.adapter) return probe.adapter.software ? unusedGpu(system) : []
  const itself =
    probe.failed === 'adapter' && mesaSource(system) ? ['npm start  # brings one in by itself; or by hand:'] : []
  const mend = [...itself, ...adapterCures(probe.failed, system)]
  return [{ severity: 'error', message: `no adapter: ${probe.reason}`, mend }]
}

/** A graphics device that the kernel shows while WebGPU got none but the software adapter. */
function unusedGpu({ platform }: System): Problem[] {
  if (platform !== 'linux') return []
  const nodes = globSync(['/dev/dri/renderD*', '/dev/nvidia[0-9]*'])
  const locked = nodes.find((node) => !accessible(node))
  if (locked) {
    const message = `${locked} may not be opened by this user, so that its GPU stays unused`
    return [{ severity: 'warning', message, mend: ['sudo usermod -aG render,video "$USER"  # then log in again'] }]
  }
  if (nodes[0] === undefined) return []
  const message = `${nodes[0]} is there, but no Vulkan driver answers for it`
  return [{ severity: 'warning', message, mend: ["install the Vulkan driver of the graphics card's maker, or Mesa's"] }]
}

function accessible(file: string): boolean {
  try {
    accessSync(file, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

function nodeProblems(version: string): Problem[] {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_NODE
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return []
  const message = `Node ${version} is too old: ${oldestMajor}.${oldestMinor} is needed`
  return [{ severity: 'error', message, mend: ["npx sporeprint doctor  # takes the clone's own Node 24"] }]
}

function databaseProblems(database: DatabaseReport): Problem[] {
  if (database.state !== 'unreachable') return []
  const message = `the database ${database.url} does not answer: ${database.reason}`
  return [{ severity: 'error', message, mend: ['check DATABASE_URL, or unset it to use the embedded database'] }]
}

function diskProblems({ folder, freeBytes }: Diagnosis['disk']): Problem[] {
  if (freeBytes >= SCARCE_BYTES) return []
  const message = `${(freeBytes / 1e9).toFixed(1)} GB are free in ${folder}: checkpoints may not fit`
  return [{ severity: 'warning', message, mend: ['free some space, or choose another folder with --data DIR'] }]
}

/** Of the file system that holds `folder`, or will hold it once it is made. */
function freeSpace(folder: string): Diagnosis['disk'] {
  let existing = folder
  while (!existsSync(existing)) existing = dirname(existing)
  const { bavail, blocks, bsize } = statfsSync(existing)
  return { folder: existing, freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}
