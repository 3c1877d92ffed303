// The bridge from the machine's own Node to set-up proper, which is TypeScript and runs on Node 24.
import { join } from 'node:path'
import { installDependencies } from './dependencies.mjs'
import { childEnvironment, node24, root, runForOutput } from './processes.mjs'

/**
 * Installs the dependencies, then sees to the parts named, and resolves with the environment in which to run commands.
 * Throws where a part cannot be had; its reasons and cures are on the terminal by then.
 * @param {('adapter' | 'console' | 'browser' | 'postgres')[]} parts
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
export async function prepare(...parts) {
  await installDependencies()
  const { code, output } = await runForOutput(
    node24,
    [join(root, 'scripts/setup/main.ts'), ...parts],
    childEnvironment(),
  )
  if (code !== 0) throw new Error(`set-up of ${parts.join(', ')} failed: see above`)
  return childEnvironment(JSON.parse(output))
}
