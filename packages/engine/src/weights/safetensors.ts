/**
 * The safetensors format: a u64 little-endian header length, a JSON header, raw little-endian data. Reading trusts nothing:
 * the header is capped, names are there once, and every offset and shape is checked before a byte is touched.
 */
import { EngineError } from '../errors.ts'
import { type ByteSource, type Refuse, refusal } from './byte-source.ts'
import { type ElementTypeName, elementTypes, isElementType, widen } from './element-types.ts'

/** A tensor on disk, in PyTorch's shape and order. */
export interface DiskTensor {
  shape: readonly number[]
  values: Float32Array<ArrayBuffer>
}

/** Tensors by torchvision's names. */
export type StateDict = Map<string, DiskTensor>

export interface WeightsFile {
  tensors: StateDict
  /** The header's `__metadata__`. */
  metadata: Record<string, string>
}

/** ResNet-50's has 40 kB; the format allows 100 MB. */
const largestHeader = 8 * 2 ** 20
const mostDimensions = 8

export interface EncodeOptions {
  /** F16 for filters and linear weights; what has one dimension, batch norms and biases, stays F32. Default false. */
  half?: boolean
}

/**
 * Header and data as byte chunks, in the order they belong in the file. Data is F32. Throws BAD_CONFIG where values are too large
 * for the halves that are asked for.
 */
export function* encodeSafetensors(
  { tensors, metadata }: WeightsFile,
  { half = false }: EncodeOptions = {},
): Generator<Uint8Array> {
  const isHalf = (shape: readonly number[]): boolean => half && shape.length > 1
  let offset = 0
  const entries = [...tensors].map(([name, { shape, values }]): [string, unknown] => {
    const begin = offset
    offset += values.length * (isHalf(shape) ? 2 : 4)
    return [name, { dtype: isHalf(shape) ? 'F16' : 'F32', shape, data_offsets: [begin, offset] }]
  })
  const header = Object.fromEntries([['__metadata__', metadata], ...entries])
  const json = new TextEncoder().encode(JSON.stringify(header))
  // Padded with spaces so that data begins at a multiple of 8.
  const length = Math.ceil(json.length / 8) * 8
  const head = new Uint8Array(8 + length).fill(0x20)
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true)
  head.set(json, 8)
  yield head
  for (const [name, { shape, values }] of tensors) {
    const { buffer, byteOffset, byteLength } = isHalf(shape) ? halves(name, values) : values
    yield new Uint8Array(buffer, byteOffset, byteLength)
  }
}

function halves(name: string, values: Float32Array): Float16Array<ArrayBuffer> {
  const rounded = Float16Array.from(values)
  const lost = rounded.findIndex((value, i) => !Number.isFinite(value) && Number.isFinite(values[i]))
  if (lost < 0) return rounded
  throw new EngineError('BAD_CONFIG', `${name} holds ${values[lost]}, too large for half precision: write it in f32`)
}

/** One tensor as the header tells of it. Offsets count from the end of the header. */
interface Entry {
  name: string
  type: ElementTypeName
  shape: number[]
  begin: number
  end: number
}

/** Reads every tensor as f32. Throws BAD_WEIGHTS naming `file` and what is wrong with it. */
export function decodeSafetensors(bytes: Uint8Array, file: string): WeightsFile {
  const refuse = refusal(file, 'safetensors file')
  const begin = 8 + headerLength(bytes, bytes.length, refuse)
  const { entries, metadata } = parseHeader(bytes.subarray(8, begin), bytes.length - begin, refuse)
  return {
    tensors: new Map(
      entries.map((e) => [e.name, tensor(e, new Uint8Array(bytes.subarray(begin + e.begin, begin + e.end)))]),
    ),
    metadata,
  }
}

/** The same from a file, tensor by tensor: memory holds the weights and nothing beside them. */
export async function readSafetensors(source: ByteSource): Promise<WeightsFile> {
  const { entries, metadata, begin } = await readHeader(source)
  const tensors: StateDict = new Map()
  for (const entry of entries) {
    tensors.set(entry.name, tensor(entry, await source.read(begin + entry.begin, entry.end - entry.begin)))
  }
  return { tensors, metadata }
}

/** Only the metadata, and the shapes by name: a few kilobytes of a file of any size. */
export async function readSafetensorsHeader(
  source: ByteSource,
): Promise<{ metadata: Record<string, string>; tensors: Map<string, { shape: readonly number[] }> }> {
  const { entries, metadata } = await readHeader(source)
  return { metadata, tensors: new Map(entries.map(({ name, shape }) => [name, { shape }])) }
}

async function readHeader(source: ByteSource) {
  const refuse = refusal(source.name, 'safetensors file')
  const length = headerLength(await source.read(0, Math.min(8, source.size)), source.size, refuse)
  const begin = 8 + length
  return { ...parseHeader(await source.read(8, length), source.size - begin, refuse), begin }
}

const tensor = ({ type, shape }: Entry, bytes: Uint8Array<ArrayBuffer>): DiskTensor => ({
  shape,
  values: widen(type, bytes),
})

function headerLength(head: Uint8Array, size: number, refuse: Refuse): number {
  if (size < 8) refuse(`it has ${size} bytes`)
  const length = Number(new DataView(head.buffer, head.byteOffset, 8).getBigUint64(0, true))
  if (length > largestHeader || length > size - 8) refuse(`its header claims ${length} bytes of ${size}`)
  return length
}

function parseHeader(
  json: Uint8Array,
  dataBytes: number,
  refuse: Refuse,
): { entries: Entry[]; metadata: Record<string, string> } {
  const header = parseObject(json, refuse)
  const { __metadata__: metadata = {}, ...tensors } = header
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== 'string'))
    return refuse('its metadata are not strings by name')
  const entries = Object.entries(tensors).map(([name, value]) => entryOf(name, value, dataBytes, refuse))
  checkCover(entries, dataBytes, refuse)
  return { entries, metadata: metadata as Record<string, string> }
}

function parseObject(json: Uint8Array, refuse: Refuse): Record<string, unknown> {
  let text: string
  let header: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(json)
    header = JSON.parse(text)
  } catch {
    return refuse('its header is not JSON')
  }
  if (!isObject(header)) return refuse('its header is not an object')
  const twice = repeatedKey(text)
  if (twice !== null) refuse(`its header names ${twice} twice`)
  return header
}

function entryOf(name: string, value: unknown, dataBytes: number, refuse: Refuse): Entry {
  const { dtype, shape, data_offsets: offsets } = isObject(value) ? value : {}
  if (!isElementType(dtype))
    return refuse(
      `tensor ${name} has type ${typeof dtype === 'string' ? dtype : typeof dtype}; known are ${Object.keys(elementTypes).join(', ')}`,
    )
  if (!isCounts(shape) || shape.length > mostDimensions || !isCounts(offsets) || offsets.length !== 2)
    return refuse(`tensor ${name} has no valid shape and offsets`)
  const [begin = 0, end = 0] = offsets
  const count = shape.reduce((a, b) => a * b, 1)
  if (begin > end || end > dataBytes || end - begin !== count * elementTypes[dtype].bytes) {
    refuse(`tensor ${name} [${shape}] claims bytes ${begin} to ${end} of ${dataBytes}`)
  }
  return { name, type: dtype, shape, begin, end }
}

/** The tensors cover the data once, without holes: so says the format, and so nothing can hide between them. */
function checkCover(entries: readonly Entry[], dataBytes: number, refuse: Refuse): void {
  let covered = 0
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) refuse(`tensor ${name} begins at byte ${begin}, where ${covered} bytes are taken`)
    covered = end
  }
  if (covered !== dataBytes) refuse(`its tensors end at byte ${covered} of ${dataBytes}`)
}

/** A key that an object of a valid JSON text has twice, which JSON.parse passes over; null if there is none. */
function repeatedKey(text: string): string | null {
  const open: (Set<string> | null)[] = []
  let key = true
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(null)
    else if (token === '}' || token === ']') open.pop()
    key = token === '{' || token === ',' || (key && token.startsWith('"'))
    const keys = open.at(-1)
    if (!key || !keys || !token.startsWith('"')) continue
    const name: string = JSON.parse(token)
    if (keys.has(name)) return name
    keys.add(name)
    key = false
  }
  return null
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0)
