/** SwiftShader, the software adapter that an installed Chromium or Chrome brings along: slower than lavapipe, so the last resort. */
import type { Recipe } from '../../apps/server/src/doctor/recipe.ts'
import { findSwiftShader } from '../../apps/server/src/doctor/swiftshader.ts'

export async function chromiumRecipe(): Promise<Recipe[]> {
  const found = findSwiftShader('libvulkan.so.1')
  if (!found) return []
  console.error(`using SwiftShader from ${found.folder} (a fifth of lavapipe's speed) …`)
  return [{ VK_DRIVER_FILES: found.manifest, LD_LIBRARY_PATH: found.folder }]
}
