/**
 * Finds a WebGPU adapter that computes, or brings one in. A GPU is used as it is and nothing is installed; a machine
 * without one gets Mesa's software adapter (lavapipe), in the way that changes the machine least. Every way ends in a probe.
 */
import { adapterCures, hidingVariables } from '../../apps/server/src/doctor/cures.ts'
import { type ProbeResult, probeAdapter } from '../../apps/server/src/doctor/probe.ts'
import {
  driverEnvironment,
  type Recipe,
  readRecipe,
  recipeChanges,
  writeRecipe,
} from '../../apps/server/src/doctor/recipe.ts'
import { readSystem, type System } from '../../apps/server/src/doctor/system.ts'
import { AptError } from './apt.ts'
import { chromiumRecipe } from './chromium-adapter.ts'
import { installMesa } from './mesa-installed.ts'
import { unpackMesa } from './mesa-unpacked.ts'
import { SetupError } from './setup-error.ts'

/**
 * A way to bring an adapter in: the recipes under which it may answer, the best first; none where the way does not fit the
 * system. An empty recipe asks the machine as it is by then. Throws AptError.
 */
type Way = (system: System) => Promise<Recipe[]>
const WAYS: readonly Way[] = [installMesa, unpackMesa, chromiumRecipe]

type Failure = Extract<ProbeResult, { adapter: null }>

/**
 * Resolves with the variables under which the adapter answers, for the processes that are to use it. Throws a SetupError
 * with the driver's own words and the commands to run where no way is left.
 */
export async function ensureAdapter(): Promise<Recipe> {
  const quiet = driverEnvironment()
  // First as the machine is: a recipe names one driver and would hide a GPU.
  const asIs = await tryRecipe(quiet)
  if (asIs.adapter) return quiet
  const system = readSystem()
  // No driver that could be brought in would help.
  if (asIs.failed === 'package' || hidingVariables().length > 0) throw noAdapter(system, asIs, [])
  const kept = readRecipe()
  if (kept) {
    const env = { ...quiet, ...recipeChanges(kept) }
    if ((await tryRecipe(env)).adapter) return env
  }
  const failures: string[] = []
  for (const way of system.platform === 'linux' ? WAYS : []) {
    const recipes = await way(system).catch((error: unknown) => {
      if (!(error instanceof AptError)) throw error
      failures.push(error.message)
      return []
    })
    for (const recipe of recipes) {
      const env = { ...quiet, ...recipeChanges(recipe) }
      const result = await tryRecipe(env)
      if (!result.adapter) {
        failures.push(result.reason)
        continue
      }
      if (Object.keys(recipe).length > 0) writeRecipe(recipe)
      return env
    }
  }
  throw noAdapter(system, asIs, failures)
}

/** Probes under `env` and says what answered. */
async function tryRecipe(env: Recipe): Promise<ProbeResult> {
  const result = await probeAdapter({ ...process.env, ...env })
  if (result.adapter) {
    const { name, software } = result.adapter
    console.error(software ? `software adapter: ${name} (slow)` : `GPU: ${name}`)
  }
  return result
}

function noAdapter(system: System, { failed, reason }: Failure, failures: string[]): SetupError {
  const attempts = failures.map((failure) => `then: ${failure}`)
  return new SetupError(
    [`no adapter: ${reason}`, ...attempts, `to mend it on ${system.name}:`].join('\n'),
    adapterCures(failed, system),
  )
}
