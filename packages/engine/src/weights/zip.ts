/**
 * Reads single entries of a zip archive by its central directory. Sizes and offsets are the archive's own claims, so each is
 * checked against the file, what is inflated may not grow beyond what its entry says, and its CRC-32 must agree. Names are
 * keys of a map, never paths of a file system.
 *
 * Source: PKWARE's APPNOTE.TXT, 4.3 to 4.5 (zip64).
 */
import { crc32, inflateRawSync } from 'node:zlib'
import type { ByteSource, Refuse } from './byte-source.ts'

export interface ZipEntry {
  name: string
  method: number
  /** Bytes in the file, and once inflated. */
  packed: number
  size: number
  crc: number
  /** Of the local header, which the entry's data follow. */
  offset: number
}

const signatures = { end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50, central: 0x02014b50, local: 0x04034b50 }
const sizes = { end: 22, end64: 56, locator64: 20, central: 46, local: 30 }
const longestComment = 0xffff
const largestDirectory = 16 * 2 ** 20
/** Deflate cannot do better: 258 bytes by two bits. */
const greatestRatio = 1032

export async function openZip(source: ByteSource, refuse: Refuse): Promise<Map<string, ZipEntry>> {
  const { begin, bytes } = await findDirectory(source, refuse)
  if (bytes > largestDirectory) refuse(`its directory claims ${bytes} bytes`)
  const directory = await source.read(begin, bytes)
  const view = new DataView(directory.buffer)
  const entries = new Map<string, ZipEntry>()
  for (let at = 0; at < bytes; ) {
    if (at + sizes.central > bytes || view.getUint32(at, true) !== signatures.central)
      refuse('its directory is damaged')
    const nameEnd = at + sizes.central + view.getUint16(at + 28, true)
    const extraEnd = nameEnd + view.getUint16(at + 30, true)
    const next = extraEnd + view.getUint16(at + 32, true)
    if (next > bytes) refuse('its directory is cut off')
    const name = new TextDecoder().decode(directory.subarray(at + sizes.central, nameEnd))
    if (entries.has(name)) refuse(`it has two entries called ${name}`)
    if (view.getUint16(at + 8, true) & 1) refuse(`its entry ${name} is encrypted`)
    const large = wideNumbers(view, nameEnd, extraEnd)
    const number = (field: number): number => {
      const value = view.getUint32(at + field, true)
      return value === 0xffffffff ? (large.next().value ?? refuse(`its entry ${name} lacks its size`)) : value
    }
    // In the order in which zip64 keeps those that need 64 bits.
    const size = number(24)
    const packed = number(20)
    const offset = number(42)
    entries.set(name, {
      name,
      method: view.getUint16(at + 10, true),
      packed,
      size,
      crc: view.getUint32(at + 16, true),
      offset,
    })
    at = next
  }
  return entries
}

/** The entry's bytes in a buffer of their own. Only ask for what is wanted at that size. */
export async function readEntry(
  source: ByteSource,
  { name, method, packed, size, crc, offset }: ZipEntry,
  refuse: Refuse,
): Promise<Uint8Array<ArrayBuffer>> {
  if (offset + sizes.local > source.size) refuse(`its entry ${name} begins beyond its end`)
  const header = new DataView((await source.read(offset, sizes.local)).buffer)
  if (header.getUint32(0, true) !== signatures.local)
    refuse(`its entry ${name} does not begin where its directory says`)
  const begin = offset + sizes.local + header.getUint16(26, true) + header.getUint16(28, true)
  if (begin + packed > source.size) refuse(`its entry ${name} claims ${packed} bytes, more than there are`)
  if (method === 0 && packed !== size) refuse(`its entry ${name} has two sizes`)
  if (method === 8 && size > greatestRatio * packed) refuse(`its entry ${name} claims to inflate ${size} bytes`)
  const data = await source.read(begin, packed)
  const bytes = method === 0 ? data : method === 8 ? inflate(data, name, size, refuse) : null
  if (bytes === null)
    return refuse(`its entry ${name} is packed by method ${method}; known are 0 (stored) and 8 (deflate)`)
  if (crc32(bytes) !== crc)
    refuse(
      `its entry ${name} is damaged: its checksum differs; copy or download the file again, or save it again with checksums`,
    )
  return bytes
}

function inflate(data: Uint8Array, name: string, size: number, refuse: Refuse): Uint8Array<ArrayBuffer> {
  try {
    const bytes = inflateRawSync(data, { maxOutputLength: Math.max(size, 1) })
    if (bytes.length === size) return new Uint8Array(bytes)
  } catch {
    // Not deflate's format, or more than it claims.
  }
  return refuse(`its entry ${name} does not inflate to the ${size} bytes it claims`)
}

async function findDirectory(source: ByteSource, refuse: Refuse): Promise<{ begin: number; bytes: number }> {
  const tail = Math.min(source.size, sizes.end + longestComment + sizes.locator64)
  const base = source.size - tail
  const view = new DataView((await source.read(base, tail)).buffer)
  for (let at = tail - sizes.end; at >= 0; at--) {
    if (view.getUint32(at, true) !== signatures.end) continue
    if (at + sizes.end + view.getUint16(at + 20, true) !== tail) continue
    const locator = at - sizes.locator64
    if (locator >= 0 && view.getUint32(locator, true) === signatures.locator64) {
      return findDirectory64(source, Number(view.getBigUint64(locator + 8, true)), refuse)
    }
    const begin = view.getUint32(at + 16, true)
    const bytes = view.getUint32(at + 12, true)
    if (begin + bytes > base + at) refuse('its directory lies beyond its end')
    return { begin, bytes }
  }
  return refuse('it has no directory at its end: it is cut off; copy or download it again')
}

async function findDirectory64(
  source: ByteSource,
  end: number,
  refuse: Refuse,
): Promise<{ begin: number; bytes: number }> {
  if (end + sizes.end64 > source.size) refuse('its directory lies beyond its end')
  const view = new DataView((await source.read(end, sizes.end64)).buffer)
  if (view.getUint32(0, true) !== signatures.end64) refuse('its directory does not begin where it says')
  const bytes = Number(view.getBigUint64(40, true))
  const begin = Number(view.getBigUint64(48, true))
  if (begin + bytes > end) refuse('its directory lies beyond its end')
  return { begin, bytes }
}

/** The 64-bit numbers in an entry's extra fields. */
function* wideNumbers(view: DataView, from: number, to: number): Generator<number, undefined> {
  for (let at = from; at + 4 <= to; ) {
    const end = at + 4 + view.getUint16(at + 2, true)
    if (view.getUint16(at, true) === 1) {
      for (let i = at + 4; i + 8 <= Math.min(end, to); i += 8) yield Number(view.getBigUint64(i, true))
      return undefined
    }
    at = end
  }
  return undefined
}
