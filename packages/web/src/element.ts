/** Entry of the single script file: loading it registers `<sporeprint-console>`. */
import { defineConsoleElement } from './embed/element.ts'

export { SporeprintConsoleElement } from './embed/element.ts'
export { type ConsoleOptions, type MountedConsole, mountConsole, type Theme } from './embed/mount.tsx'

defineConsoleElement()
