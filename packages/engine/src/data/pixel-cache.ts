/**
 * The pixels of a dataset's files: from the pack where an earlier reading has left them, otherwise decoded, and put into the pack
 * for the next. Memory holds at most `concurrency` pictures beside those asked for, whatever the number of files.
 */
import { hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { availableParallelism, homedir } from 'node:os'
import { basename, join } from 'node:path'
import { EngineError, throwIfAborted } from '../errors.ts'
import { forEachConcurrent, limited } from './concurrent.ts'
import { DatasetError } from './dataset-error.ts'
import { DECODER_VERSION, decodeImage, UnreadableImageError, wholeImage } from './decode-image.ts'
import { PixelPack } from './pixel-pack.ts'
import type { Preparation } from './resample.ts'

export interface CacheOptions {
  size: number
  /** Default: whole images, bilinear. */
  preparation?: Preparation | undefined
  /** Default: `sporeprint` in $XDG_CACHE_HOME or ~/.cache. */
  cacheDir?: string | undefined
  /** Files read and decoded at once; default: one a core. */
  concurrency?: number | undefined
  /** Called about ten times a second while many files are decoded, and at the end. */
  onProgress?: ((done: number, total: number) => void) | undefined
  signal?: AbortSignal | undefined
}

export interface CachedFile {
  /** Relative to the dataset's root. */
  path: string
  size: number
  mtimeMs: number
  ctimeMs: number
}

/** A file this large is no photograph; it would have to be read whole. */
const MAX_FILE_BYTES = 512 * 1024 * 1024
const PROGRESS_EVERY_MS = 100
/**
 * A file changed this shortly before it was looked at may change again within the same tick of its file system's clock
 * (2 s on FAT): its pixels are not kept for another process.
 */
const CLOCK_TICK_MS = 2000

export function defaultCacheDir(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sporeprint')
}

/** In a cache's name; nothing where images are prepared as usual. */
const preparedAs = ({ crop, interpolation }: Preparation = wholeImage): string =>
  crop === wholeImage.crop && interpolation === wholeImage.interpolation ? '' : `-${interpolation}-${crop}`

/** The decoded pixels of a dataset's files. */
export class PixelCache {
  /** Files decoded since it was opened. */
  decoded = 0
  readonly #root: string
  readonly #files: readonly CachedFile[]
  readonly #pack: PixelPack
  readonly #options: CacheOptions
  readonly #decode: (file: number) => Promise<Uint8Array | string>
  /** What is being decoded: a file asked for twice meanwhile costs one decoding. */
  readonly #underWay: Map<number, Promise<Uint8Array | string>> = new Map()
  /** Why a file is no readable image, as far as that has been found out. */
  readonly #unreadable: Map<number, string> = new Map()

  private constructor(root: string, files: readonly CachedFile[], pack: PixelPack, options: CacheOptions) {
    this.#root = root
    this.#files = files
    this.#pack = pack
    this.#options = options
    this.#decode = limited(options.concurrency ?? availableParallelism(), (file) => this.#decodeFile(file))
  }

  /**
   * Opens the cache of the files of the dataset folder `root`. None of them is looked at.
   * @throws EngineError DISK when the cache cannot be written
   */
  static async open(root: string, files: readonly CachedFile[], options: CacheOptions): Promise<PixelCache> {
    const label = basename(root).replaceAll(/[^\w.-]+/g, '-')
    const name = `${label}-${hash('sha256', root).slice(0, 16)}-${options.size}${preparedAs(options.preparation)}-v${DECODER_VERSION}`
    const folder = join(options.cacheDir ?? defaultCacheDir(), 'images', name)
    try {
      return new PixelCache(root, files, await PixelPack.open(folder, options.size, files.map(keyOf)), options)
    } catch (error) {
      throw diskError(folder, error)
    }
  }

  /** Fills `out` ([size, size, 4], u8 RGBA) with the picture of a file. Resolves to why there is none, or null. */
  async read(file: number, out: Uint8Array): Promise<string | null> {
    const known = this.#unreadable.get(file)
    if (known !== undefined) return known
    if (await this.#pack.read(file, out)) return null
    const picture = await this.#picture(file)
    if (typeof picture === 'string') return picture
    out.set(picture)
    return null
  }

  /** Decodes every file that is not in the pack. Resolves to why there is no picture, by file. */
  async fill(): Promise<ReadonlyMap<number, string>> {
    const { onProgress, signal, concurrency = availableParallelism() } = this.#options
    const missing = this.#files.map((_, file) => file).filter((file) => !this.#pack.has(file))
    let done = this.#files.length - missing.length
    let told = 0
    await forEachConcurrent(missing, concurrency, async (file) => {
      throwIfAborted(signal)
      await this.#picture(file)
      done++
      const now = performance.now()
      if (now - told < PROGRESS_EVERY_MS) return
      told = now
      onProgress?.(done, this.#files.length)
    })
    onProgress?.(done, this.#files.length)
    return this.#unreadable
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#underWay.values())
    await this.#pack.close()
  }

  #picture(file: number): Promise<Uint8Array | string> {
    let picture = this.#underWay.get(file)
    if (!picture) {
      picture = this.#decode(file).finally(() => this.#underWay.delete(file))
      this.#underWay.set(file, picture)
    }
    return picture
  }

  async #decodeFile(file: number): Promise<Uint8Array | string> {
    const { mtimeMs, ctimeMs } = this.#files[file] as CachedFile
    const content = await this.#content(file)
    this.decoded++
    try {
      if (typeof content === 'string') throw new UnreadableImageError(content)
      const picture = await decodeImage(content, this.#pack.size, this.#options.preparation)
      await this.#pack.add(file, picture, Date.now() - Math.max(mtimeMs, ctimeMs) > CLOCK_TICK_MS)
      return picture
    } catch (error) {
      if (!(error instanceof UnreadableImageError)) throw diskError(this.#pack.folder, error)
      this.#unreadable.set(file, error.message)
      return error.message
    }
  }

  /** A file's bytes, or why it is not read. What it was when the dataset was opened, it must still be: else a run could not be repeated. */
  async #content(file: number): Promise<Buffer | string> {
    const { path, size, mtimeMs, ctimeMs } = this.#files[file] as CachedFile
    if (size > MAX_FILE_BYTES) return `larger than ${MAX_FILE_BYTES / 2 ** 20} MiB; shrink it`
    const absolute = join(this.#root, path)
    try {
      const handle = await open(absolute)
      try {
        const now = await handle.stat()
        if (now.size === size && now.mtimeMs === mtimeMs && now.ctimeMs === ctimeMs) return await handle.readFile()
      } finally {
        await handle.close()
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT') return `cannot be read (${code}); check its permissions and the disk`
    }
    const message = `${absolute} was changed or removed after the dataset was opened: open it again`
    throw new DatasetError('changed-file', absolute, message)
  }
}

/** A file is known by its name, size and times: to recognise it, it need not be read. */
function keyOf({ path, size, mtimeMs, ctimeMs }: CachedFile): string {
  return hash('sha256', `${path}\0${size}\0${mtimeMs}\0${ctimeMs}`, 'buffer').toString('latin1', 0, 16)
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
