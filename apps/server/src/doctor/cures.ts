/** What a person can do about a machine without a WebGPU adapter. */
import type { ProbeFailure } from './probe.ts'
import { BACKPORTS_FILE, backportsSource, MESA_PACKAGES, mesaSource, type System } from './system.ts'

/** Shell commands, exactly as to be typed, or advice in words where there is no command. */
export function adapterCures(failed: ProbeFailure, system: System, env: NodeJS.ProcessEnv = process.env): string[] {
  if (failed === 'package') return ['rm -rf node_modules && npm install']
  const hiding = hidingVariables(env)
  if (hiding.length > 0) return hiding.map((name) => `unset ${name}  # it hides every driver but the one it names`)
  const commands = adapterCommands(system)
  return commands.length > 0 ? commands : [adapterAdvice(system)]
}

/** Variables that are set and by which the Vulkan loader looks at no driver but those they name. */
export function hidingVariables(env: NodeJS.ProcessEnv = process.env): string[] {
  return ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'].filter((name) => env[name])
}

/** Commands that bring an adapter to this system; none where its packages are not known. */
function adapterCommands(system: System): string[] {
  const sudo = system.root ? '' : 'sudo '
  const install = (...options: string[]) =>
    `${sudo}apt-get install -y --no-install-recommends ${[...options, ...MESA_PACKAGES].join(' ')}`
  switch (mesaSource(system)) {
    case 'backports': {
      const source = backportsSource(system.codename).trimEnd().replaceAll('\n', '\\n')
      return [
        `printf '${source}\\n' | ${sudo}tee ${BACKPORTS_FILE}`,
        `${sudo}apt-get update`,
        install('-t', `${system.codename}-backports`),
      ]
    }
    case 'distribution':
      return [`${sudo}apt-get update`, install()]
  }
  switch (system.id) {
    case 'debian':
    case 'ubuntu':
    case 'linuxmint':
    case 'pop':
      return [`${sudo}apt-get update`, install()]
    case 'fedora':
    case 'rhel':
    case 'rocky':
    case 'almalinux':
      return [`${sudo}dnf install -y mesa-vulkan-drivers vulkan-loader`]
    case 'arch':
      return [`${sudo}pacman -S vulkan-swrast vulkan-icd-loader`]
    default:
      return []
  }
}

function adapterAdvice({ platform }: System): string {
  switch (platform) {
    case 'darwin':
      return 'WebGPU runs on Metal: macOS 12 or later, outside of a virtual machine without a GPU'
    case 'win32':
      return "WebGPU runs on Direct3D 12: update Windows and the graphics card's driver"
    default:
      return "install the Vulkan loader and a driver for it: the graphics card's own, or Mesa's lavapipe (newer than 22.3)"
  }
}
