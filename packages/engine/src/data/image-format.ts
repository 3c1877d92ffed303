/** What the first bytes of a file say it is: names and extensions lie, signatures rarely do. */

/** Formats that are read. */
export const IMAGE_FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff'] as const
export type ImageFormat = (typeof IMAGE_FORMATS)[number]

/** Bytes of a file's head that `sniffFormat` needs. */
export const SNIFF_BYTES = 512

const EXTENSIONS: Record<ImageFormat, readonly string[]> = {
  jpeg: ['.jpg', '.jpeg', '.jpe', '.jfif'],
  png: ['.png', '.apng'],
  webp: ['.webp'],
  gif: ['.gif'],
  tiff: ['.tif', '.tiff'],
}

/** The format that an extension (lower case, with its dot) promises, null for any other extension. */
export function formatOfExtension(extension: string): ImageFormat | null {
  return IMAGE_FORMATS.find((format) => EXTENSIONS[format].includes(extension)) ?? null
}

/** A file's content: an image that can be read, or what it is instead, in plain words. */
export type Sniffed = { format: ImageFormat } | { format: null; looksLike: string }

/** [offset, bytes as Latin-1, what it is] */
type Signature<Kind> = readonly [offset: number, bytes: string, kind: Kind]

const READABLE: readonly Signature<ImageFormat>[] = [
  [0, '\xff\xd8\xff', 'jpeg'],
  [0, '\x89PNG\r\n\x1a\n', 'png'],
  [0, 'GIF87a', 'gif'],
  [0, 'GIF89a', 'gif'],
  [8, 'WEBP', 'webp'],
  // The byte order, then 42 (classic) or 43 (BigTIFF).
  [0, 'II*\0', 'tiff'],
  [0, 'II+\0', 'tiff'],
  [0, 'MM\0*', 'tiff'],
  [0, 'MM\0+', 'tiff'],
]

const OTHERS: readonly Signature<string>[] = [
  [4, 'ftypavif', 'an AVIF image'],
  [4, 'ftypavis', 'an AVIF image'],
  [4, 'ftyphei', 'a HEIC image'],
  [4, 'ftypmif1', 'a HEIC image'],
  [4, 'ftyp', 'a video'],
  [0, 'BM', 'a BMP image'],
  [0, '8BPS', 'a Photoshop file'],
  [0, '\xff\x0a', 'a JPEG XL image'],
  [4, 'JXL ', 'a JPEG XL image'],
  [4, 'jP  ', 'a JPEG 2000 image'],
  [0, '\xff\x4f\xff\x51', 'a JPEG 2000 image'],
  [0, '\0\0\x01\0', 'an icon file'],
  [0, '%PDF', 'a PDF document'],
  [0, 'PK\x03\x04', 'an archive'],
  [0, '\x1f\x8b', 'an archive'],
]

/** Recognises a file by its first bytes (`SNIFF_BYTES` suffice). */
export function sniffFormat(head: Uint8Array): Sniffed {
  if (head.length === 0) return { format: null, looksLike: 'an empty file (0 bytes)' }
  const text = String.fromCharCode(...head.subarray(0, SNIFF_BYTES))
  const matches = ([offset, bytes]: Signature<unknown>): boolean => text.startsWith(bytes, offset)
  const readable = READABLE.find(matches)
  if (readable) return { format: readable[2] }
  return { format: null, looksLike: OTHERS.find(matches)?.[2] ?? unsigned(text) }
}

/** Kinds that have no signature. */
function unsigned(text: string): string {
  if (/^\0*$/.test(text)) return 'a file of zeros'
  if (!isText(text)) return 'a file of an unknown kind'
  if (/<svg/i.test(text)) return 'an SVG drawing'
  if (/<!doctype html|<html/i.test(text)) return 'a web page'
  return 'a text file'
}

/** No control characters but white space; codes from 0x80 may be UTF-8. */
function isText(text: string): boolean {
  return [...text].every((char) => (char >= ' ' && char !== '\x7f') || (char >= '\t' && char <= '\r'))
}
