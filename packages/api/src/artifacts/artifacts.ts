/** Files kept by their content: what is stored twice is there once, and no name of a client's ever becomes a path. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface Artifacts {
  /** Moves a file in. The caller has made sure that `sha256`, 64 hexadecimal digits, is its content's. */
  put(file: string, sha256: string): Promise<void>
  /** Where it lies on this machine, or would. */
  path(sha256: string): string
  delete(sha256: string): Promise<void>
  /** What is kept, some at a time. */
  list(): AsyncIterable<string[]>
}

const isSha256 = (name: string): boolean => /^[0-9a-f]{64}$/.test(name)

/** Artifacts as files: `ab/abcd…` below `root`, which must be on the file system of what is put. */
export class ArtifactFolder implements Artifacts {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  async put(file: string, sha256: string): Promise<void> {
    const path = this.path(sha256)
    await mkdir(dirname(path), { recursive: true })
    await rename(file, path)
  }

  path(sha256: string): string {
    if (!isSha256(sha256)) throw new Error(`"${sha256}" is no SHA-256`)
    return join(this.#root, sha256.slice(0, 2), sha256)
  }

  async delete(sha256: string): Promise<void> {
    await rm(this.path(sha256), { force: true })
  }

  async *list(): AsyncGenerator<string[]> {
    for (const folder of await entries(this.#root)) yield (await entries(join(this.#root, folder))).filter(isSha256)
  }
}

/** Of a folder that is not there, none. */
const entries = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
