import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { and, eq, inArray, isNull, lt } from 'drizzle-orm'
import type { Artifacts } from '../../artifacts/artifacts.ts'
import type { Database } from '../../db/database.ts'
import { Conflict, type InputIssue, InvalidInput, NotFound } from '../../errors.ts'
import { collectUploads, lockArtifacts } from './uploads.collect.ts'
import { type UploadRow, uploads } from './uploads.table.ts'

/** The largest file that is taken. */
export const maxUploadBytes: number = 50 * 1024 * 1024

/** An upload that is not complete by then is forgotten, with what has arrived of it. */
const expiresMs = 3600_000

export interface CreateUpload {
  name: string
  bytes: number
  sha256?: string | null | undefined
}

export interface UploadServiceOptions {
  artifacts: Artifacts
  /** Holds what has arrived of uploads that are not complete; on the file system of the artifacts. */
  arrivals: string
  now: () => Date
}

const isSha256 = (text: string): boolean => /^[0-9a-f]{64}$/i.test(text)

const sha256Issue = (field: string, value: string): InputIssue => ({
  field,
  value,
  message: 'must be a SHA-256 as 64 hexadecimal digits',
})

/** An upload is created, its bytes are received, and it is complete once they are known to be what was meant. */
export class UploadService {
  readonly #db: Database
  readonly #options: UploadServiceOptions

  constructor(db: Database, options: UploadServiceOptions) {
    this.#db = db
    this.#options = options
  }

  byIds(ids: number[]): Promise<UploadRow[]> {
    return this.#db.select().from(uploads).where(inArray(uploads.id, ids))
  }

  /** @throws InvalidInput */
  async create({ name, bytes, sha256 }: CreateUpload): Promise<UploadRow> {
    const label = name.trim()
    const issues: InputIssue[] = []
    if (label.length < 1 || label.length > 200) {
      issues.push({ field: 'input.name', value: name, message: 'must have 1 to 200 characters' })
    }
    if (bytes < 1 || bytes > maxUploadBytes) {
      const message = `must be a whole number from 1 to ${maxUploadBytes}`
      issues.push({ field: 'input.bytes', value: String(bytes), message })
    }
    if (sha256 && !isSha256(sha256)) issues.push(sha256Issue('input.sha256', sha256))
    if (issues.length > 0) throw new InvalidInput(issues)
    const values = { name: label, bytes, sha256: sha256?.toLowerCase() ?? null, createdAt: this.#options.now() }
    const [created] = (await this.#db.insert(uploads).values(values).returning()) as [UploadRow]
    return created
  }

  /**
   * Takes its bytes; sent again, the later ones count.
   * @param length how many the client says it sends.
   * @throws NotFound, Conflict where it is complete, InvalidInput where they are not as many as were announced.
   */
  async receive(id: number, body: Readable, length: number): Promise<void> {
    const upload = await this.#get(id)
    if (upload.completedAt) throw new Conflict(`Upload ${id} is complete: create another`)
    const wrongSize = (bytes: number) =>
      new InvalidInput([
        { field: 'content-length', value: String(bytes), message: `must be the ${upload.bytes} that were announced` },
      ])
    if (length !== upload.bytes) throw wrongSize(length)
    const folder = this.#arrivals(id)
    await mkdir(folder, { recursive: true })
    // Two may send at once: each writes a file of its own.
    const draft = join(folder, randomUUID())
    try {
      await pipeline(body, createWriteStream(draft, { flags: 'wx' }))
      const { size } = await stat(draft)
      if (size !== upload.bytes) throw wrongSize(size)
      await rename(draft, join(folder, arrived))
    } catch (error) {
      await rm(draft, { force: true })
      throw error
    }
  }

  /**
   * Keeps what has arrived, if it is what the client meant to send. Asked twice, it answers twice.
   * @throws NotFound, InvalidInput where it is not, Conflict where nothing has arrived.
   */
  async complete(id: number, sha256: string): Promise<UploadRow> {
    if (!isSha256(sha256)) throw new InvalidInput([sha256Issue('sha256', sha256)])
    const meant = sha256.toLowerCase()
    const upload = await this.#get(id)
    const differs = (found: string, what: string) =>
      new InvalidInput([{ field: 'sha256', value: meant, message: `${what} ${found}` }])
    if (upload.sha256 !== null && upload.sha256 !== meant) {
      throw differs(upload.sha256, upload.completedAt ? 'the upload is complete, and is' : 'announced was')
    }
    if (upload.completedAt) return upload
    // Out of the reach of whoever sends it again meanwhile.
    const taken = join(this.#arrivals(id), randomUUID())
    await rename(join(this.#arrivals(id), arrived), taken).catch((cause) => {
      if (cause.code !== 'ENOENT') throw cause
      throw new Conflict(`Nothing has arrived of upload ${id}: PUT its bytes to its url first`)
    })
    const found = await hashOf(taken)
    if (found !== meant) {
      await rm(taken, { force: true })
      throw differs(found, 'what arrived is')
    }
    const completed = await this.#db.transaction(async (tx) => {
      await lockArtifacts(tx)
      await this.#options.artifacts.put(taken, meant)
      const [row] = await tx
        .update(uploads)
        .set({ sha256: meant, completedAt: this.#options.now() })
        .where(eq(uploads.id, id))
        .returning()
      return row
    })
    if (!completed) throw new NotFound('Upload', id)
    await rm(this.#arrivals(id), { recursive: true, force: true })
    return completed
  }

  /** Forgets uploads that were begun and not completed in time. */
  async expire(): Promise<void> {
    const before = new Date(this.#options.now().getTime() - expiresMs)
    const expired = await this.#db
      .delete(uploads)
      .where(and(isNull(uploads.completedAt), lt(uploads.createdAt, before)))
      .returning({ id: uploads.id })
    for (const { id } of expired) await rm(this.#arrivals(id), { recursive: true, force: true })
  }

  /** Deletes uploads that no prediction, no explanation and no job refers to so many hours after they were complete. */
  async collect(afterHours: number): Promise<void> {
    const before = new Date(this.#options.now().getTime() - afterHours * 3600_000)
    await collectUploads(this.#db, this.#options.artifacts, before)
  }

  async #get(id: number): Promise<UploadRow> {
    const [upload] = await this.byIds([id])
    if (!upload) throw new NotFound('Upload', id)
    return upload
  }

  #arrivals(id: number): string {
    return join(this.#options.arrivals, String(id))
  }
}

/** In an upload's folder, the bytes that have arrived in full. */
const arrived = 'arrived'

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}
