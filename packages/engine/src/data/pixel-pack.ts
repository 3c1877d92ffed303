/**
 * The u8 cache file: decoded pixels of many images at one size, found by the hash of the file they came from.
 *
 * Layout: records of size·size·4 bytes (u8 RGBA) one after another from byte 0; then a JSON footer (which record holds which
 * hash, its CRC-32, and which hashes could not be decoded); then a trailer: footer offset (f64), footer length (f64),
 * SHA-256 of the footer, magic. A pack is written under a temporary name, synced and renamed: one that has its name is whole,
 * so that several processes may build the same pack at once (the last one wins, all are right) and a killed one leaves only
 * a temporary file.
 */
import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { crc32 } from 'node:zlib'

const MAGIC = 'sporepx1'
const TRAILER_BYTES = 8 + 8 + 32 + MAGIC.length

interface Footer {
  size: number
  decoder: number
  /** [hash, CRC-32] of record 0, 1, … */
  records: [string, number][]
  /** Hash → why it is no readable image. */
  failures: Record<string, string>
}

const recordBytes = (size: number): number => size * size * 4

/** A whole pack, open for reading. */
export class PixelPack {
  readonly size: number
  readonly #handle: FileHandle
  readonly #records: Map<string, number>
  readonly #checksums: Uint32Array
  readonly #failures: Map<string, string>
  /** Records whose checksum has been seen to hold since the pack was opened. */
  readonly #checked: Uint8Array

  private constructor(handle: FileHandle, footer: Footer) {
    this.size = footer.size
    this.#handle = handle
    this.#records = new Map(footer.records.map(([hash], record) => [hash, record]))
    this.#checksums = Uint32Array.from(footer.records, ([, checksum]) => checksum)
    this.#failures = new Map(Object.entries(footer.failures))
    this.#checked = new Uint8Array(footer.records.length)
  }

  /** Null if there is no pack at `path`, or it is damaged, or of another size or decoder: then build it. */
  static async open(path: string, size: number, decoder: number): Promise<PixelPack | null> {
    let handle: FileHandle
    try {
      handle = await open(path, 'r')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
    const footer = await readFooter(handle)
    if (footer && footer.size === size && footer.decoder === decoder) return new PixelPack(handle, footer)
    await handle.close()
    return null
  }

  get images(): number {
    return this.#records.size
  }

  /** The record that holds the image of this hash. */
  recordOf(hash: string): number | undefined {
    return this.#records.get(hash)
  }

  /** Why the content of this hash is no readable image. */
  failureOf(hash: string): string | undefined {
    return this.#failures.get(hash)
  }

  /** Fills `out` ([size, size, 4]) with a record. False if the bytes on disk are damaged: then `out` is undefined. */
  async read(record: number, out: Uint8Array): Promise<boolean> {
    const length = recordBytes(this.size)
    const { bytesRead } = await this.#handle.read(out, 0, length, record * length)
    if (bytesRead !== length) return false
    if (this.#checked[record] === 0) {
      if (crc32(out.subarray(0, length)) !== this.#checksums[record]) return false
      this.#checked[record] = 1
    }
    return true
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

async function readFooter(handle: FileHandle): Promise<Footer | null> {
  const { size: fileBytes } = await handle.stat()
  if (fileBytes < TRAILER_BYTES) return null
  const trailer = Buffer.alloc(TRAILER_BYTES)
  await handle.read(trailer, 0, TRAILER_BYTES, fileBytes - TRAILER_BYTES)
  const offset = trailer.readDoubleLE(0)
  const length = trailer.readDoubleLE(8)
  if (trailer.toString('latin1', 48) !== MAGIC || offset + length + TRAILER_BYTES !== fileBytes) return null
  const json = Buffer.alloc(length)
  await handle.read(json, 0, length, offset)
  if (!sha256(json).equals(trailer.subarray(16, 48))) return null
  const footer = JSON.parse(json.toString()) as Footer
  return footer.records.length * recordBytes(footer.size) === offset ? footer : null
}

/** A pack that is being written. Every `add` may run at the same time as others; end with `commit` or `abort`. */
export class PixelPackWriter {
  readonly #path: string
  readonly #temporary: string
  readonly #handle: FileHandle
  readonly #footer: Footer

  private constructor(path: string, temporary: string, handle: FileHandle, footer: Footer) {
    this.#path = path
    this.#temporary = temporary
    this.#handle = handle
    this.#footer = footer
  }

  static async create(path: string, size: number, decoder: number): Promise<PixelPackWriter> {
    const temporary = `${path}.${randomUUID()}.tmp`
    const footer: Footer = { size, decoder, records: [], failures: {} }
    return new PixelPackWriter(path, temporary, await open(temporary, 'wx'), footer)
  }

  /** Adds the image ([size, size, 4]) of a hash. */
  async add(hash: string, pixels: Uint8Array): Promise<void> {
    const length = recordBytes(this.#footer.size)
    const record = this.#footer.records.push([hash, crc32(pixels)]) - 1
    await this.#handle.write(pixels, 0, length, record * length)
  }

  /** Notes that the content of a hash is no readable image. */
  fail(hash: string, reason: string): void {
    this.#footer.failures[hash] = reason
  }

  /** Makes the pack whole and gives it its name. */
  async commit(): Promise<void> {
    const json = Buffer.from(JSON.stringify(this.#footer))
    const offset = this.#footer.records.length * recordBytes(this.#footer.size)
    const trailer = Buffer.alloc(TRAILER_BYTES)
    trailer.writeDoubleLE(offset, 0)
    trailer.writeDoubleLE(json.length, 8)
    sha256(json).copy(trailer, 16)
    trailer.write(MAGIC, 48, 'latin1')
    await this.#handle.write(Buffer.concat([json, trailer]), 0, json.length + TRAILER_BYTES, offset)
    await this.#handle.sync()
    await this.#handle.close()
    await rename(this.#temporary, this.#path)
  }

  /** Leaves nothing behind. */
  async abort(): Promise<void> {
    await this.#handle.close()
    await rm(this.#temporary, { force: true })
  }
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()
