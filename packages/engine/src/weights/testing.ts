/** Hand-made files for tests: sources in memory, pickles by instruction, zip archives that may lie. */
import { crc32, deflateRawSync } from 'node:zlib'
import type { ByteSource } from './byte-source.ts'
import { fileSource } from './byte-source.ts'

/** Bytes in memory, read through the same checks as a file. */
export function bytesSource(bytes: Uint8Array, name = 'evil.pth'): ByteSource {
  const read = async (into: Uint8Array, at: number, length: number, position: number) => {
    const piece = bytes.subarray(position, position + length)
    into.set(piece, at)
    return { bytesRead: piece.length }
  }
  return fileSource(name, { read }, bytes.length)
}

/** A pickle from its parts: numbers are bytes, strings ASCII, `text` and `count` whole arguments. */
export const assemble = (...parts: readonly (number | string | Uint8Array)[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    Buffer.concat(
      parts.map((part) =>
        typeof part === 'number' ? Uint8Array.of(part) : typeof part === 'string' ? Buffer.from(part, 'latin1') : part,
      ),
    ),
  )

export const u32 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** BINUNICODE. */
export const text = (value: string): Uint8Array => assemble('X', u32(Buffer.byteLength(value)), Buffer.from(value))

/** LONG1, whatever its size. */
export const integer = (value: bigint): Uint8Array => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64LE(value)
  return assemble(0x8a, 8, bytes)
}

/** What an entry of an archive is, and what its directory says instead. */
export interface FakeEntry {
  name: string
  data: Uint8Array
  deflate?: boolean
  claim?: Partial<Record<'method' | 'flags' | 'packed' | 'size' | 'crc' | 'offset', number>>
}

/** A zip archive of these entries. */
export function zipOf(entries: readonly FakeEntry[]): Uint8Array<ArrayBuffer> {
  const files: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const { name, data, deflate = false, claim = {} } of entries) {
    const packed = deflate ? deflateRawSync(data) : data
    const truth = {
      method: deflate ? 8 : 0,
      flags: 0,
      packed: packed.length,
      size: data.length,
      crc: crc32(data),
      offset,
    }
    const local = header(0x04034b50, 30, truth, name, { flags: 6, method: 8, crc: 14, packed: 18, size: 22, name: 26 })
    files.push(local, packed)
    offset += local.length + packed.length
    const places = { flags: 8, method: 10, crc: 16, packed: 20, size: 24, name: 28, offset: 42 }
    directory.push(header(0x02014b50, 46, { ...truth, ...claim }, name, places))
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50)
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(Buffer.concat(directory).length, 12)
  end.writeUInt32LE(offset, 16)
  return new Uint8Array(Buffer.concat([...files, ...directory, end]))
}

function header(
  signature: number,
  length: number,
  values: Record<string, number>,
  name: string,
  places: Record<string, number>,
): Uint8Array {
  const bytes = Buffer.alloc(length)
  bytes.writeUInt32LE(signature)
  for (const [field, place] of Object.entries(places)) {
    const value = field === 'name' ? Buffer.byteLength(name) : (values[field] ?? 0)
    if (['flags', 'method', 'name'].includes(field)) bytes.writeUInt16LE(value, place)
    else bytes.writeUInt32LE(value, place)
  }
  return Buffer.concat([bytes, Buffer.from(name)])
}
