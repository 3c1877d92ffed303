/**
 * From image files to a pixel pack: each file is hashed (or recognised as unchanged), each new content decoded once, the rest
 * comes from the pack of an earlier opening. Memory holds at most `concurrency` pictures, whatever the number of files.
 */
import { createHash, hash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { availableParallelism, homedir } from 'node:os'
import { basename, join } from 'node:path'
import { EngineError, throwIfAborted } from '../errors.ts'
import { forEachConcurrent } from './concurrent.ts'
import { DatasetError } from './dataset-error.ts'
import { DECODER_VERSION, decodeImage, UnreadableImageError } from './decode-image.ts'
import { FileHashes, type FileStat } from './file-hashes.ts'
import { PixelPack, PixelPackWriter } from './pixel-pack.ts'

export interface CacheOptions {
  size: number
  /** Default: `sporeprint` in $XDG_CACHE_HOME or ~/.cache. */
  cacheDir?: string | undefined
  /** Files read and decoded at once; default: one a core. */
  concurrency?: number | undefined
  /** Called about ten times a second, and at the end. */
  onProgress?: ((done: number, total: number) => void) | undefined
  signal?: AbortSignal | undefined
}

export interface CachedFile extends FileStat {
  file: string
}

/** How much work an opening was: files hashed anew, contents decoded anew. */
export interface CacheWork {
  hashed: number
  decoded: number
}

/** What became of a file: its place in the pack, or why it was skipped. */
export type Outcome = { hash: string; record: number } | { skipped: string }

/** A file this large is no photograph; it would have to be read whole. */
const MAX_FILE_BYTES = 512 * 1024 * 1024
const PROGRESS_EVERY_MS = 100
/** A temporary file nobody has written to for this long belongs to a process that was killed. */
const STALE_MS = 60 * 60 * 1000

export function defaultCacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sporeprint')
}

/** The decoded pixels of a dataset's files. */
export class PixelCache {
  /** Outcome of each file, in the order given. */
  readonly outcomes: readonly Outcome[]
  readonly work: CacheWork
  readonly #files: readonly CachedFile[]
  readonly #pack: PixelPack | null
  readonly #packPath: string

  private constructor(
    files: readonly CachedFile[],
    outcomes: Outcome[],
    pack: PixelPack | null,
    path: string,
    work: CacheWork,
  ) {
    this.#files = files
    this.outcomes = outcomes
    this.#pack = pack
    this.#packPath = path
    this.work = work
  }

  /**
   * Opens the cache of the dataset folder `root`, decoding what it lacks.
   * @throws EngineError DISK when the cache cannot be written, ABORTED
   */
  static async open(root: string, files: readonly CachedFile[], options: CacheOptions): Promise<PixelCache> {
    const folder = join(options.cacheDir ?? defaultCacheDir(), 'images')
    // Named for the folder, found by content: a file's pixels are taken by the hash of its bytes.
    const label = basename(root).replaceAll(/[^\w.-]+/g, '-')
    const key = createHash('sha256').update(root).digest('hex').slice(0, 16)
    const name = `${label}-${key}`
    const packPath = join(folder, `${name}-${options.size}.pixels`)
    try {
      await mkdir(folder, { recursive: true })
      await removeStale(folder, name)
      const hashes = await FileHashes.open(join(folder, `${name}.hashes.json`))
      const filling = new Filling(files, hashes, packPath, options)
      const { pack, outcomes, work } = await filling.run()
      await hashes.save()
      return new PixelCache(files, outcomes, pack, packPath, work)
    } catch (error) {
      throw diskError(folder, error)
    }
  }

  /** Fills `out` ([size, size, 4], u8 RGBA) with the picture of file `index`, which was not skipped. */
  async read(index: number, out: Uint8Array): Promise<void> {
    const outcome = this.outcomes[index]
    if (!outcome || 'skipped' in outcome || !this.#pack)
      throw new RangeError(`file ${index} has no pixels in the cache`)
    if (await this.#pack.read(outcome.record, out)) return
    // The disk has damaged this record. The file itself still has the picture; the next opening builds the pack anew.
    await rm(this.#packPath, { force: true })
    out.set(await decodeUnchanged(this.#files[index] as CachedFile, outcome.hash, this.#pack.size))
  }

  async close(): Promise<void> {
    await this.#pack?.close()
  }
}

/** One pass over the files, which leaves a pack that holds them all. */
class Filling {
  readonly #files: readonly CachedFile[]
  readonly #hashes: FileHashes
  readonly #path: string
  readonly #options: CacheOptions
  /** Contents being decoded or decoded in this pass: two files of the same content cost one decoding. */
  readonly #fresh: Map<string, Promise<void>> = new Map()
  #writer: Promise<PixelPackWriter> | null = null
  readonly #work: CacheWork = { hashed: 0, decoded: 0 }

  constructor(files: readonly CachedFile[], hashes: FileHashes, path: string, options: CacheOptions) {
    this.#files = files
    this.#hashes = hashes
    this.#path = path
    this.#options = options
  }

  async run(): Promise<{ pack: PixelPack | null; outcomes: Outcome[]; work: CacheWork }> {
    const { size, concurrency = availableParallelism(), signal } = this.#options
    const before = await PixelPack.open(this.#path, size, DECODER_VERSION)
    let pack = before
    try {
      const found: ({ hash: string } | { skipped: string })[] = []
      const progress = this.#progress()
      await forEachConcurrent(this.#files, concurrency, async (file, index) => {
        throwIfAborted(signal)
        found[index] = await this.#find(file, before)
        progress()
      })
      if (this.#writer) {
        await this.#copyKept(found, before, concurrency)
        await (await this.#writer).commit()
        this.#writer = null
        await before?.close()
        pack = await PixelPack.open(this.#path, size, DECODER_VERSION)
      }
      return { pack, outcomes: found.map((file) => outcome(file, pack)), work: this.#work }
    } catch (error) {
      await (await this.#writer?.catch(() => null))?.abort()
      await pack?.close()
      throw error
    }
  }

  /** The file's hash, with its content in the old pack or on its way into the new one. */
  async #find(file: CachedFile, before: PixelPack | null): Promise<{ hash: string } | { skipped: string }> {
    const known = this.#hashes.get(file)
    if (known !== undefined && isIn(before, known)) return { hash: known }
    if (file.size > MAX_FILE_BYTES) return { skipped: `larger than ${MAX_FILE_BYTES / 2 ** 20} MiB; shrink it` }
    let bytes: Buffer
    try {
      bytes = await readFile(file.file)
    } catch (error) {
      return {
        skipped: `cannot be read (${(error as NodeJS.ErrnoException).code}); check its permissions and the disk`,
      }
    }
    const content = hash('sha256', bytes)
    this.#work.hashed++
    this.#hashes.set(file, content)
    if (!isIn(before, content)) {
      let decoding = this.#fresh.get(content)
      if (!decoding) this.#fresh.set(content, (decoding = this.#decode(content, bytes)))
      await decoding
    }
    return { hash: content }
  }

  async #decode(content: string, bytes: Uint8Array): Promise<void> {
    const { size } = this.#options
    this.#writer ??= PixelPackWriter.create(this.#path, size, DECODER_VERSION)
    const writer = await this.#writer
    this.#work.decoded++
    try {
      await writer.add(content, await decodeImage(bytes, size))
    } catch (error) {
      if (!(error instanceof UnreadableImageError)) throw error
      writer.fail(content, error.message)
    }
  }

  /** Takes over from the old pack what is still in use. */
  async #copyKept(
    found: readonly ({ hash: string } | { skipped: string })[],
    before: PixelPack | null,
    concurrency: number,
  ): Promise<void> {
    const writer = await this.#writer
    if (!before || !writer) return
    const kept = new Map<string, number>()
    for (const [index, file] of found.entries())
      if ('hash' in file && isIn(before, file.hash)) kept.set(file.hash, index)
    await forEachConcurrent([...kept], concurrency, async ([content, index]) => {
      throwIfAborted(this.#options.signal)
      const failure = before.failureOf(content)
      const record = before.recordOf(content)
      if (failure !== undefined) writer.fail(content, failure)
      if (record === undefined) return
      const pixels = new Uint8Array(before.size * before.size * 4)
      const whole = await before.read(record, pixels)
      const file = this.#files[index] as CachedFile
      await writer.add(content, whole ? pixels : await decodeUnchanged(file, content, before.size))
    })
  }

  #progress(): () => void {
    const { onProgress } = this.#options
    const total = this.#files.length
    let done = 0
    let last = 0
    return () => {
      done++
      const now = performance.now()
      if (done < total && now - last < PROGRESS_EVERY_MS) return
      last = now
      onProgress?.(done, total)
    }
  }
}

const isIn = (pack: PixelPack | null, content: string): boolean =>
  pack?.recordOf(content) !== undefined || pack?.failureOf(content) !== undefined

function outcome(file: { hash: string } | { skipped: string }, pack: PixelPack | null): Outcome {
  if ('skipped' in file) return file
  const record = pack?.recordOf(file.hash)
  if (record !== undefined) return { hash: file.hash, record }
  return { skipped: pack?.failureOf(file.hash) ?? 'unreadable' }
}

async function decodeUnchanged(file: CachedFile, content: string, size: number): Promise<Uint8Array> {
  const bytes = await readFile(file.file).catch(() => null)
  if (bytes && hash('sha256', bytes) === content) return decodeImage(bytes, size)
  const message = `${file.file} was changed or removed after the dataset was opened, and its cached copy is damaged: open it again`
  throw new DatasetError('changed-file', file.file, message)
}

async function removeStale(folder: string, name: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(name) || !entry.endsWith('.tmp')) continue
    const path = join(folder, entry)
    const info = await stat(path).catch(() => null)
    if (info && Date.now() - info.mtimeMs > STALE_MS) await rm(path, { force: true })
  }
}

const DISK_TROUBLE: Record<string, string> = {
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the disk quota is used up; free some space',
  EROFS: 'the file system is read-only',
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  ENOTDIR: 'a file is in the way',
  EEXIST: 'a file is in the way',
}

function diskError(folder: string, error: unknown): unknown {
  const trouble = DISK_TROUBLE[(error as NodeJS.ErrnoException).code ?? '']
  if (error instanceof EngineError || !trouble) return error
  const message = `cannot write the image cache in ${folder}: ${trouble}, or name another folder (cacheDir, or XDG_CACHE_HOME)`
  return new EngineError('DISK', message, { cause: error })
}
