export type { StatusFilter, View } from './core/view.ts'
export { defineConsoleElement, SporeprintConsoleElement } from './embed/element.ts'
export { type ConsoleOptions, type MountedConsole, mountConsole, type Theme } from './embed/mount.tsx'
