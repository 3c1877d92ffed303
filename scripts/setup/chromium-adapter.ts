/** SwiftShader, the software adapter that an installed Chromium or Chrome brings along: slower than lavapipe, so the last resort. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Recipe } from '../../apps/server/src/doctor/recipe.ts'

const FOLDERS = ['/usr/lib/chromium', '/usr/lib64/chromium-browser', '/opt/google/chrome']

export async function chromiumRecipe(): Promise<Recipe[]> {
  const folder = FOLDERS.find((path) =>
    ['vk_swiftshader_icd.json', 'libvulkan.so.1'].every((file) => existsSync(join(path, file))),
  )
  if (!folder) return []
  console.error(`using SwiftShader from ${folder} (a fifth of lavapipe's speed) …`)
  return [{ VK_DRIVER_FILES: join(folder, 'vk_swiftshader_icd.json'), LD_LIBRARY_PATH: folder }]
}
