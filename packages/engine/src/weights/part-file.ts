/**
 * A download under way, on disk: `PATH.part` has the bytes so far, `PATH.part.json` says of what. A later download of the
 * same content goes on from there, in this process or another; the hash is taken as the bytes come.
 */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { EngineError } from '../errors.ts'

/** What the bytes so far are of. */
export interface Content {
  url: string
  /** ETag or date by which the server tells one content from another. */
  validator: string
  /** Bytes of the whole; null where the server does not say. */
  total: number | null
}

export class PartFile {
  readonly path: string
  readonly #file: FileHandle
  #hash: Hash
  /** Null: what there is cannot be gone on with. */
  content: Content | null
  size: number

  private constructor(path: string, file: FileHandle, hash: Hash, content: Content | null, size: number) {
    this.path = path
    this.#file = file
    this.#hash = hash
    this.content = content
    this.size = size
  }

  /** Opens what an earlier download of `url` to `path` has left, or begins. */
  static open(path: string, url: string): Promise<PartFile> {
    return onDisk(path, async () => {
      const part = `${path}.part`
      const content = await readContent(part, url)
      const file = await open(part, content ? 'r+' : 'w+')
      const hash = createHash('sha256')
      let size = 0
      if (content) {
        for await (const chunk of createReadStream(part)) {
          hash.update(chunk)
          size += chunk.length
        }
      }
      return new PartFile(path, file, hash, content, size)
    })
  }

  /** Begins again, with this content. Null: with one of which nothing is known, that cannot be gone on with. */
  restart(content: Content | null): Promise<void> {
    return onDisk(this.path, async () => {
      // In this order: whenever the process ends, what the file says of the bytes is true of them.
      await rm(`${this.path}.part.json`, { force: true })
      await this.#file.truncate(0)
      if (content) await writeFile(`${this.path}.part.json`, JSON.stringify(content))
      this.#hash = createHash('sha256')
      this.content = content
      this.size = 0
    })
  }

  append(chunk: Uint8Array): Promise<void> {
    return onDisk(this.path, async () => {
      for (let done = 0; done < chunk.length; ) {
        done += (await this.#file.write(chunk, done, chunk.length - done, this.size + done)).bytesWritten
      }
      this.#hash.update(chunk)
      this.size += chunk.length
    })
  }

  get sha256(): string {
    return this.#hash.copy().digest('hex')
  }

  /** The bytes are whole: they get their name. */
  commit(): Promise<void> {
    return onDisk(this.path, async () => {
      await this.#file.sync()
      await rename(`${this.path}.part`, this.path)
      await rm(`${this.path}.part.json`, { force: true })
    })
  }

  /** The bytes are not what was wanted: nothing of them stays. */
  async discard(): Promise<void> {
    for (const name of [`${this.path}.part.json`, `${this.path}.part`]) await rm(name, { force: true })
  }

  /** What cannot be gone on with does not stay. */
  async close(): Promise<void> {
    await this.#file.close()
    if (this.content === null) await this.discard()
  }
}

async function readContent(part: string, url: string): Promise<Content | null> {
  try {
    await open(part, 'r').then((file) => file.close())
    const content = JSON.parse(await readFile(`${part}.json`, 'utf8')) as Content
    return content.url === url && typeof content.validator === 'string' ? content : null
  } catch {
    return null // Nothing there, or nothing that can be trusted.
  }
}

async function onDisk<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const full = code === 'ENOSPC' || code === 'EDQUOT'
    throw new EngineError(
      'DISK',
      full
        ? `the disk is full: ${path} was not downloaded; free space and do it again, it goes on from where it stopped`
        : `${path} cannot be written: ${message}`,
      { cause },
    )
  }
}
