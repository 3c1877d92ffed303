/**
 * The u8 cache on disk: decoded pixels of a dataset's files at one size, in a folder of segments. A segment is two files: records of
 * size·size·4 bytes (u8 RGBA) one after another in `<id>.pixels`; and for each of them an entry in `<id>.index`: the file's key
 * (16 bytes), the number of the record and the CRC-32 of its pixels (u32 each, little-endian).
 *
 * A pack fills while it is used. Each process that has something to add writes a segment of its own and reads those of all
 * others, so that processes never meet. Pixels are written before their entry: what a killed process has indexed is whole, and
 * what the disk lost or damaged after that fails its checksum and counts as missing.
 */
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

const KEY_BYTES = 16
const ENTRY_BYTES = KEY_BYTES + 8
/** More segments than this are joined when a pack is opened. */
const MAX_SEGMENTS = 32
/** A segment that nobody has written to for this long is no longer being filled. */
const FILLED_MS = 60 * 60 * 1000

/** Reading: a segment's records and where it lies. */
interface Segment {
  id: string
  pixels: FileHandle
}

/** The segment that this process writes. */
interface OwnSegment extends Segment {
  index: FileHandle
  /** Its place among the pack's segments. */
  place: number
  records: number
  entries: number
}

export class PixelPack {
  readonly folder: string
  readonly size: number
  readonly #keys: readonly string[]
  readonly #segments: Segment[] = []
  /** Of each file: its segment + 1 (0: not in the pack), record, checksum, and whether that has been seen to hold. */
  readonly #segmentOf: Uint16Array
  readonly #recordOf: Uint32Array
  readonly #checksumOf: Uint32Array
  readonly #checked: Uint8Array
  #own: Promise<OwnSegment> | null = null

  private constructor(folder: string, size: number, keys: readonly string[]) {
    this.folder = folder
    this.size = size
    this.#keys = keys
    this.#segmentOf = new Uint16Array(keys.length)
    this.#recordOf = new Uint32Array(keys.length)
    this.#checksumOf = new Uint32Array(keys.length)
    this.#checked = new Uint8Array(keys.length)
  }

  /** Opens what there is of it, and makes its folder. keys[i] are 16 Latin-1 characters that tell file i from all others. */
  static async open(folder: string, size: number, keys: readonly string[]): Promise<PixelPack> {
    const pack = new PixelPack(folder, size, keys)
    await mkdir(folder, { recursive: true })
    try {
      await pack.#load()
    } catch (error) {
      await pack.close()
      throw error
    }
    return pack
  }

  has(file: number): boolean {
    return this.#segmentOf[file] !== 0
  }

  /** Fills `out` ([size, size, 4]) with the picture of a file. False if it is not here, or damaged on disk: then `out` is undefined. */
  async read(file: number, out: Uint8Array): Promise<boolean> {
    const segment = this.#segments[(this.#segmentOf[file] as number) - 1]
    if (!segment) return false
    const { bytesRead } = await segment.pixels.read(out, 0, this.#bytes, (this.#recordOf[file] as number) * this.#bytes)
    if (this.#checked[file] === 1 && bytesRead === this.#bytes) return true
    const whole = bytesRead === this.#bytes && crc32(out.subarray(0, this.#bytes)) === this.#checksumOf[file]
    if (whole) this.#checked[file] = 1
    else this.#segmentOf[file] = 0
    return whole
  }

  /** Adds a file's picture ([size, size, 4]); without `keep` it is forgotten when the pack is closed. May run many at a time. */
  async add(file: number, pixels: Uint8Array, keep = true): Promise<void> {
    this.#own ??= this.#createSegment()
    const own = await this.#own
    const record = own.records++
    const checksum = crc32(pixels)
    await writeFully(own.pixels, pixels, record * this.#bytes)
    this.#place(file, own.place, record, checksum)
    if (!keep) return
    const entry = Buffer.alloc(ENTRY_BYTES)
    entry.write(this.#keys[file] as string, 'latin1')
    entry.writeUInt32LE(record, KEY_BYTES)
    entry.writeUInt32LE(checksum, KEY_BYTES + 4)
    await writeFully(own.index, entry, ENTRY_BYTES * own.entries++)
  }

  async close(): Promise<void> {
    const own = await this.#own?.catch(() => null)
    await own?.index.close()
    for (const { pixels } of this.#segments) await pixels.close()
    if (own?.entries === 0) await this.#remove(own.id)
  }

  get #bytes(): number {
    return this.size * this.size * 4
  }

  #place(file: number, segment: number, record: number, checksum: number): void {
    this.#segmentOf[file] = segment + 1
    this.#recordOf[file] = record
    this.#checksumOf[file] = checksum
  }

  async #load(): Promise<void> {
    const files = new Map(this.#keys.map((key, file) => [key, file]))
    const sparse: number[] = []
    const sizes: number[] = []
    for (const name of (await readdir(this.folder)).sort()) {
      if (!name.endsWith('.index')) continue
      const id = name.slice(0, -'.index'.length)
      // Another process may be joining segments: what is gone is gone.
      const pixels = await open(this.#path(id, 'pixels'), 'r').catch(ifMissing)
      const index = pixels && (await readFile(this.#path(id, 'index')).catch(ifMissing))
      if (!pixels || !index) {
        await pixels?.close()
        continue
      }
      const place = this.#segments.push({ id, pixels }) - 1
      const entries = Math.floor(index.length / ENTRY_BYTES)
      let inUse = 0
      for (let at = 0; at < entries * ENTRY_BYTES; at += ENTRY_BYTES) {
        const file = files.get(index.toString('latin1', at, at + KEY_BYTES))
        if (file === undefined || this.has(file)) continue
        this.#place(file, place, index.readUInt32LE(at + KEY_BYTES), index.readUInt32LE(at + KEY_BYTES + 4))
        inUse++
      }
      sizes[place] = entries
      if (2 * inUse < entries || entries === 0) sparse.push(place)
    }
    await this.#join(sparse, sizes)
  }

  /**
   * Moves what is in use of segments that hold little else, or of the smaller half of too many, into this process's own, and removes them.
   * A process that still reads them keeps them until it closes.
   */
  async #join(sparse: readonly number[], sizes: readonly number[]): Promise<void> {
    const bySize = sizes.map((_, place) => place).sort((a, b) => (sizes[a] as number) - (sizes[b] as number))
    const many = sizes.length > MAX_SEGMENTS ? bySize.slice(0, sizes.length >> 1) : []
    for (const place of new Set([...sparse, ...many])) {
      const { id } = this.#segments[place] as Segment
      const info = await stat(this.#path(id, 'index')).catch(ifMissing)
      if (!info || Date.now() - info.mtimeMs < FILLED_MS) continue
      const pixels = new Uint8Array(this.#bytes)
      for (const [file, segment] of this.#segmentOf.entries()) {
        if (segment === place + 1 && (await this.read(file, pixels))) await this.add(file, pixels)
      }
      await this.#remove(id)
    }
  }

  async #createSegment(): Promise<OwnSegment> {
    const id = randomUUID()
    const pixels = await open(this.#path(id, 'pixels'), 'wx+')
    const index = await open(this.#path(id, 'index'), 'wx')
    const place = this.#segments.push({ id, pixels }) - 1
    return { id, pixels, index, place, records: 0, entries: 0 }
  }

  async #remove(id: string): Promise<void> {
    for (const kind of ['index', 'pixels'] as const) await rm(this.#path(id, kind), { force: true })
  }

  #path(id: string, kind: 'pixels' | 'index'): string {
    return join(this.folder, `${id}.${kind}`)
  }
}

function ifMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  }
}
