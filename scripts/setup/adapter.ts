/**
 * Finds a WebGPU adapter that computes, or brings one in. A GPU is used as it is and nothing is installed; a machine
 * without one gets Mesa's software adapter (lavapipe), in the way that changes the machine least. Every way ends in a probe.
 */
import { type ProbeResult, probeAdapter } from '../../apps/server/src/doctor/probe.ts'
import {
  driverEnvironment,
  type Recipe,
  readRecipe,
  recipeChanges,
  writeRecipe,
} from '../../apps/server/src/doctor/recipe.ts'
import {
  adapterAdvice,
  adapterCommands,
  mesaSource,
  readSystem,
  type System,
} from '../../apps/server/src/doctor/system.ts'
import { AptError } from './apt.ts'
import { chromiumRecipe } from './chromium-adapter.ts'
import { installMesa } from './mesa-installed.ts'
import { unpackMesa } from './mesa-unpacked.ts'
import { SetupError } from './setup-error.ts'

/**
 * Resolves with the variables under which the adapter answers, for the processes that are to use it. Throws a SetupError
 * with the driver's own words and the commands to run where no way is left.
 */
export async function ensureAdapter(): Promise<Recipe> {
  const quiet = driverEnvironment()
  // First as the machine is: a recipe names one driver and would hide a GPU.
  const asIs = await tryRecipe(quiet)
  if (asIs.adapter) return quiet
  if (asIs.failed === 'package')
    throw new SetupError(`no adapter: ${asIs.reason}`, ['rm -rf node_modules && npm install'])
  const kept = readRecipe()
  if (kept) {
    const env = { ...quiet, ...recipeChanges(kept) }
    if ((await tryRecipe(env)).adapter) return env
  }

  const system = readSystem()
  const failures: string[] = []
  if (system.platform === 'linux') {
    for (const way of [installMesa, unpackMesa, chromiumRecipe]) {
      const recipe = await way(system).catch((error: unknown) => {
        if (!(error instanceof AptError)) throw error
        failures.push(error.message)
        return null
      })
      if (!recipe) continue
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
  throw noAdapter(system, asIs.reason, failures)
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

function noAdapter(system: System, reason: string, failures: string[]): SetupError {
  const commands = adapterCommands(system)
  const attempts = failures.map((failure) => `then: ${failure}`)
  const known = mesaSource(system) !== null
  const cures = commands.length > 0 ? commands : [adapterAdvice(system)]
  const lead = known || commands.length === 0 ? 'to mend it:' : 'to mend it (not tried on this system):'
  return new SetupError([`no adapter: ${reason}`, ...attempts, `${system.name}: ${lead}`].join('\n'), cures)
}
