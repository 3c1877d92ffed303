/** SwiftShader, the software adapter that an installed Chromium or Chrome brings along. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const folders = ['/usr/lib/chromium', '/usr/lib64/chromium-browser', '/opt/google/chrome']
const manifest = 'vk_swiftshader_icd.json'

/** Its Vulkan manifest, and the folder that it is in, which may have other files that are needed; null where there is none. */
export function findSwiftShader(...others: string[]): { manifest: string; folder: string } | null {
  const folder = folders.find((path) => [manifest, ...others].every((file) => existsSync(join(path, file))))
  return folder ? { manifest: join(folder, manifest), folder } : null
}
