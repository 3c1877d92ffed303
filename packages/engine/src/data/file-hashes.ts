/**
 * Remembers the content hash of files that have not changed since (same size, modification and change time), so that opening
 * a dataset again reads its folder but none of its files. Only a short cut: without it everything is hashed again.
 */
import { randomUUID } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'

export interface FileStat {
  path: string
  size: number
  mtimeMs: number
  ctimeMs: number
}

type Entry = [size: number, mtimeMs: number, ctimeMs: number, hash: string]

/**
 * A file changed this shortly before it was looked at may change again within the same tick of its file system's clock
 * (2 s on FAT): its hash is not remembered.
 */
const CLOCK_TICK_MS = 2000

export class FileHashes {
  readonly #path: string
  readonly #openedAt: number = Date.now()
  readonly #known: Map<string, Entry>
  readonly #seen: Map<string, Entry> = new Map()
  #changed = false

  private constructor(path: string, known: Map<string, Entry>) {
    this.#path = path
    this.#known = known
  }

  /** Opens before the dataset's files are looked at. A missing or damaged file knows nothing. */
  static async open(path: string): Promise<FileHashes> {
    try {
      return new FileHashes(path, new Map(Object.entries(JSON.parse(await readFile(path, 'utf8')))))
    } catch (error) {
      // An error without a code is what damaged JSON throws.
      const { code } = error as NodeJS.ErrnoException
      if (code !== undefined && code !== 'ENOENT') throw error
      return new FileHashes(path, new Map())
    }
  }

  get(file: FileStat): string | undefined {
    const entry = this.#known.get(file.path)
    if (!Array.isArray(entry)) return undefined
    const [size, mtimeMs, ctimeMs, hash] = entry
    const same = size === file.size && mtimeMs === file.mtimeMs && ctimeMs === file.ctimeMs
    if (!same) return undefined
    this.#seen.set(file.path, entry)
    return hash
  }

  set(file: FileStat, hash: string): void {
    if (Math.max(file.mtimeMs, file.ctimeMs) > this.#openedAt - CLOCK_TICK_MS) return
    this.#seen.set(file.path, [file.size, file.mtimeMs, file.ctimeMs, hash])
    this.#changed = true
  }

  /** Writes what was asked for or set since the opening, atomically; files no longer there are forgotten. */
  async save(): Promise<void> {
    if (!this.#changed && this.#seen.size === this.#known.size) return
    const temporary = `${this.#path}.${randomUUID()}.tmp`
    await writeFile(temporary, JSON.stringify(Object.fromEntries(this.#seen)))
    await rename(temporary, this.#path)
  }
}
