import { applyRecipe, driverEnvironment } from './doctor/recipe.ts'

/**
 * Loads the engine, in the environment in which this machine's adapter answers: the engine host inherits it.
 * Only commands that need the engine wait for it.
 */
export async function loadEngine(): Promise<typeof import('@sporeprint/engine/node')> {
  applyRecipe()
  Object.assign(process.env, driverEnvironment())
  return import('@sporeprint/engine/node')
}
