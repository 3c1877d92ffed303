/** Files kept by their content: what is stored twice is there once, and no name of a client's ever becomes a path. */
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface Artifacts {
  /** Moves a file in. The caller has made sure that `sha256`, 64 hexadecimal digits, is its content's. */
  put(file: string, sha256: string): Promise<void>
  /** Where it lies on this machine, or would. */
  path(sha256: string): string
  delete(sha256: string): Promise<void>
}

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
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error(`"${sha256}" is no SHA-256`)
    return join(this.#root, sha256.slice(0, 2), sha256)
  }

  async delete(sha256: string): Promise<void> {
    await rm(this.path(sha256), { force: true })
  }
}
