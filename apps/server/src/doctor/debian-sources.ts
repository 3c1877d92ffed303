/** Reads the package sources of a Debian machine, so that what is added comes over the same mirror and keyring. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface PackageSource {
  uri: string
  suites: string[]
  components: string[]
  /** Path of the keyring, or null where the source names none or holds the key itself. */
  signedBy: string | null
}

/** Every enabled source of binaries under `folder` (/etc/apt), one-line style and deb822 alike; discs do not count. */
export function readSources(folder = '/etc/apt'): PackageSource[] {
  const parts = join(folder, 'sources.list.d')
  const names = existsSync(parts) ? readdirSync(parts).sort() : []
  const files = [join(folder, 'sources.list'), ...names.map((name) => join(parts, name))]
  return files.filter(existsSync).flatMap((file) => {
    const text = () => readFileSync(file, 'utf8')
    if (file.endsWith('.list')) return parseOneLine(text())
    return file.endsWith('.sources') ? parseDeb822(text()) : []
  })
}

/** `deb [signed-by=KEYRING] URI SUITE COMPONENT…`, one source a line. */
export function parseOneLine(text: string): PackageSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s+([^#]+)/.exec(line)
    const [, options = '', uri = '', suite = '', components = ''] = match ?? []
    if (uri === '' || uri.startsWith('cdrom:')) return []
    const signedBy = /(?:^|\s)signed-by=(\S+)/.exec(options)?.[1] ?? null
    return [{ uri, suites: [suite], components: words(components), signedBy }]
  })
}

/** Stanzas of `Field: value` with continuation lines, an empty line between them; one source for each URI. */
export function parseDeb822(text: string): PackageSource[] {
  const plain = text.split('\n').filter((line) => !line.startsWith('#'))
  return plain
    .join('\n')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const fields = new Map<string, string>()
      for (const field of stanza.split(/\n(?!\s)/)) {
        const colon = field.indexOf(':')
        if (colon > 0) fields.set(field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1).trim())
      }
      if (!words(fields.get('types')).includes('deb') || /^(no|false|0)$/i.test(fields.get('enabled') ?? '')) return []
      const keyring = fields.get('signed-by')
      const signedBy = keyring?.startsWith('/') ? (words(keyring)[0] ?? null) : null
      const suites = words(fields.get('suites'))
      const components = words(fields.get('components'))
      const uris = words(fields.get('uris')).filter((uri) => !uri.startsWith('cdrom:'))
      return uris.map((uri) => ({ uri, suites, components, signedBy }))
    })
}

const words = (text: string | undefined): string[] => (text ?? '').split(/\s+/).filter((word) => word !== '')

/** The first source of `suite`'s main component, or null. */
export function sourceOf(suite: string, sources: readonly PackageSource[]): PackageSource | null {
  return sources.find(({ suites, components }) => suites.includes(suite) && components.includes('main')) ?? null
}
