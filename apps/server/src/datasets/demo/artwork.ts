/** Finds each emoji's drawing in the icon sets of the vendors. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { DEMO_CLASSES, MISDRAWN } from './classes.ts'
import { VENDORS } from './vendors.ts'

/** One drawing of one emoji. */
export interface Artwork {
  class: string
  vendor: string
  /** Unicode's name, as a file name. */
  name: string
  svg: string
}

/** emoji.json: one entry a code sequence, with and without presentation selectors. */
interface Emoji {
  codes: string
  name: string
  subgroup: string
}

/** An icon set in Iconify's format: https://iconify.design/docs/types/iconify-json.html */
interface IconSet {
  icons: Record<string, { body: string; left?: number; top?: number; width?: number; height?: number }>
  aliases?: Record<string, { parent: string; rotate?: number; hFlip?: boolean; vFlip?: boolean }>
  width?: number
  height?: number
}

/** Every drawing of every class by every vendor: sorted by class, then vendor, then Unicode's order. */
export async function collectArtwork(): Promise<Artwork[]> {
  const emoji = await readJson<Emoji[]>('emoji.json/emoji.json')
  const sets = await Promise.all(VENDORS.map(({ name }) => openIconSet(name)))
  return DEMO_CLASSES.flatMap(({ name, subgroups, without }) => {
    const members = distinct(emoji.filter(({ subgroup }) => subgroups.includes(subgroup)))
    checkNames(name, without, members)
    const wanted = members.filter((member) => !without.includes(member.name))
    return sets.flatMap((set) =>
      wanted.flatMap((member) => {
        const svg = set.draw(member, namesOf(member, sets))
        if (svg === null || MISDRAWN.includes(`${set.vendor}/${member.name}`)) return []
        return [{ class: name, vendor: set.vendor, name: fileName(member.name), svg }]
      }),
    )
  })
}

/** One entry a picture: without skin tones, without a second entry for a presentation selector. */
function distinct(emoji: readonly Emoji[]): Emoji[] {
  const plain = emoji.filter(({ name }) => !name.includes('skin tone'))
  return [...new Map(plain.map((entry) => [codeKey(entry.codes), entry])).values()]
}

/** A name that is left out but does not exist is a slip in the table of classes. */
function checkNames(name: string, without: readonly string[], members: readonly Emoji[]): void {
  const unknown = without.find((left) => !members.some((member) => member.name === left))
  if (unknown !== undefined) throw new Error(`class ${name} leaves out ${unknown}, which is not one of its emoji`)
}

/** Code points in lower case joined by dashes, less the presentation selector U+FE0F, on which vendors differ. */
const codeKey = (codes: string): string =>
  codes
    .toLowerCase()
    .split(/[ -]/)
    .filter((code) => code !== 'fe0f')
    .join('-')

/** What vendors agree on in a name: its letters and digits. */
const nameKey = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

const fileName = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[’']/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')

/** All that the sets which know code points call an emoji, by key. */
function namesOf(emoji: Emoji, sets: readonly VendorIcons[]): Set<string> {
  return new Set([nameKey(emoji.name), ...sets.flatMap((set) => set.namesOfCode(codeKey(emoji.codes)))])
}

class VendorIcons {
  readonly vendor: string
  readonly #set: IconSet
  readonly #nameOfCode: Map<string, string>
  /** Names and aliases by key; in a set without code points they are all there is to go by. */
  readonly #nameOfKey: Map<string, string>
  readonly #aliasesOf: Map<string, string[]>

  constructor(vendor: string, set: IconSet, chars: Record<string, string>) {
    this.vendor = vendor
    this.#set = set
    this.#nameOfCode = new Map(Object.entries(chars).map(([code, name]) => [codeKey(code), name]))
    const aliases = Object.entries(set.aliases ?? {})
    // Icons last: an icon of that very name comes before an alias.
    const names = [...aliases.map(([alias]) => alias), ...Object.keys(set.icons)]
    this.#nameOfKey = new Map(names.map((name) => [nameKey(name), name]))
    this.#aliasesOf = new Map()
    for (const [alias, { parent }] of aliases) {
      this.#aliasesOf.set(parent, [...(this.#aliasesOf.get(parent) ?? []), alias])
    }
  }

  namesOfCode(key: string): string[] {
    const name = this.#nameOfCode.get(key)
    if (name === undefined) return []
    const parent = this.#set.aliases?.[name]?.parent
    return [name, ...(parent === undefined ? [] : [parent]), ...(this.#aliasesOf.get(name) ?? [])].map(nameKey)
  }

  /** The drawing as an SVG document, null if this vendor has none. */
  draw(emoji: Emoji, names: ReadonlySet<string>): string | null {
    const name =
      this.#nameOfCode.size > 0
        ? this.#nameOfCode.get(codeKey(emoji.codes))
        : [...names].map((key) => this.#nameOfKey.get(key)).find((found) => found !== undefined)
    return name === undefined ? null : this.#svg(name)
  }

  #svg(name: string): string {
    const alias = this.#set.aliases?.[name]
    const icon = this.#set.icons[alias?.parent ?? name]
    if (!icon) throw new Error(`${this.vendor} lists ${name} but has no such icon`)
    if (alias?.rotate || alias?.hFlip || alias?.vFlip) throw new Error(`${this.vendor} turns ${name}: not expected`)
    const { body, left = 0, top = 0 } = icon
    const width = icon.width ?? this.#set.width ?? 16
    const height = icon.height ?? this.#set.height ?? 16
    const viewBox = `${left} ${top} ${width} ${height}`
    const xlink = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
    return `<svg xmlns="http://www.w3.org/2000/svg" ${xlink} viewBox="${viewBox}" width="${width}" height="${height}">${body}</svg>`
  }
}

async function openIconSet(vendor: string): Promise<VendorIcons> {
  const set = await readJson<IconSet>(`@iconify-json/${vendor}/icons.json`)
  return new VendorIcons(vendor, set, await readJson<Record<string, string>>(`@iconify-json/${vendor}/chars.json`))
}

async function readJson<T>(module: string): Promise<T> {
  return JSON.parse(await readFile(fileURLToPath(import.meta.resolve(module)), 'utf8')) as T
}
