/** What kind of machine this is, and where its packages bring a WebGPU adapter from. */
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { type PackageSource, readSources, sourceOf } from './debian-sources.ts'

export interface System {
  platform: NodeJS.Platform
  /** os-release's ID (debian, ubuntu, fedora, …), or '' where there is no os-release. */
  id: string
  /** os-release's VERSION_ID as a number; 0 where it has none (Debian testing, Arch). */
  version: number
  /** os-release's VERSION_CODENAME, or ''. */
  codename: string
  /** os-release's PRETTY_NAME, or the platform's name. */
  name: string
  root: boolean
}

export function readSystem(): System {
  const fields = process.platform === 'linux' ? osRelease() : {}
  return {
    platform: process.platform,
    id: fields.ID ?? '',
    version: Number.parseFloat(fields.VERSION_ID ?? '') || 0,
    codename: fields.VERSION_CODENAME ?? '',
    name: fields.PRETTY_NAME ?? `${process.platform} ${release()}`,
    root: process.getuid?.() === 0,
  }
}

function osRelease(): Record<string, string> {
  try {
    return parseOsRelease(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return {} // A Linux without the file is a Linux that nothing is known of.
  }
}

/** Reads NAME=value lines, whose values may stand in quotes. */
export function parseOsRelease(text: string): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const match = /^([A-Z_]+)=(["']?)(.*)\2$/.exec(line.trim())
    if (match?.[1] && match[3] !== undefined) fields[match[1]] = match[3]
  }
  return fields
}

/**
 * How this system gets Mesa's software adapter (lavapipe) from its own packages: Debian 12's own Mesa (22.3) is too old
 * for Dawn and the one of bookworm-backports is not; later Debians and Ubuntus carry one that is new enough.
 */
export function mesaSource({ id, version, codename }: System): 'backports' | 'distribution' | null {
  if (id === 'debian' && version === 12) return 'backports'
  if (id === 'debian' && (version >= 13 || codename === 'sid')) return 'distribution'
  if (id === 'ubuntu' && version >= 24) return 'distribution'
  return null
}

export const BACKPORTS_FILE = '/etc/apt/sources.list.d/sporeprint-backports.sources'
export const MESA_PACKAGES = ['mesa-vulkan-drivers', 'libvulkan1']

/** The deb822 source that brings `codename`'s backports over the mirror and keyring of the machine's own main source. */
export function backportsSource(codename: string, sources: readonly PackageSource[] = readSources()): string {
  const own = sourceOf(codename, sources)
  const uri = own?.uri ?? 'http://deb.debian.org/debian'
  const signedBy = own?.signedBy ?? '/usr/share/keyrings/debian-archive-keyring.gpg'
  return `Types: deb\nURIs: ${uri}\nSuites: ${codename}-backports\nComponents: main\nSigned-By: ${signedBy}\n`
}
