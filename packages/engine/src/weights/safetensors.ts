/**
 * The safetensors format: a u64 little-endian header length, a JSON header, raw little-endian data. Reading trusts nothing:
 * the header is capped, and every offset and shape is checked before a byte is touched.
 */
import { EngineError } from '../errors.ts'

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

const largestHeader = 100 * 2 ** 20

type Reader = (view: DataView, offset: number) => number

const dtypes: Record<string, { bytes: number; read: Reader }> = {
  F64: { bytes: 8, read: (v, o) => v.getFloat64(o, true) },
  F32: { bytes: 4, read: (v, o) => v.getFloat32(o, true) },
  F16: { bytes: 2, read: (v, o) => halfToNumber(v.getUint16(o, true)) },
  BF16: { bytes: 2, read: (v, o) => bfloatToNumber(v.getUint16(o, true)) },
  I64: { bytes: 8, read: (v, o) => Number(v.getBigInt64(o, true)) },
  I32: { bytes: 4, read: (v, o) => v.getInt32(o, true) },
}

/** Header and data as byte chunks, in the order they belong in the file. Data is F32. */
export function* encodeSafetensors({ tensors, metadata }: WeightsFile): Generator<Uint8Array> {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let offset = 0
  for (const [name, { shape, values }] of tensors) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] }
    offset += values.byteLength
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  // Padded with spaces so that data begins at a multiple of 8.
  const length = Math.ceil(json.length / 8) * 8
  const head = new Uint8Array(8 + length).fill(0x20)
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true)
  head.set(json, 8)
  yield head
  for (const { values } of tensors.values()) yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

/** Reads every tensor as f32. Throws BAD_WEIGHTS naming `file` and what is wrong with it. */
export function decodeSafetensors(bytes: Uint8Array, file: string): WeightsFile {
  const fail = (what: string): never => {
    throw new EngineError('BAD_WEIGHTS', `${file} is not a usable safetensors file: ${what}`)
  }
  if (bytes.length < 8) fail(`it has ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = Number(view.getBigUint64(0, true))
  if (length > largestHeader || length > bytes.length - 8) fail(`its header claims ${length} bytes of ${bytes.length}`)
  let header: unknown
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, 8 + length)))
  } catch {
    fail('its header is not JSON')
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) return fail('its header is not an object')
  const data = new DataView(bytes.buffer, bytes.byteOffset + 8 + length, bytes.byteLength - 8 - length)
  const tensors: StateDict = new Map()
  const metadata: Record<string, string> = {}
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') {
      for (const [key, value] of Object.entries(entry ?? {})) metadata[key] = String(value)
      continue
    }
    const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>
    const type = typeof dtype === 'string' ? dtypes[dtype] : undefined
    if (!type) return fail(`tensor ${name} has type ${String(dtype)}; known are ${Object.keys(dtypes).join(', ')}`)
    if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
      return fail(`tensor ${name} has no valid shape and offsets`)
    const [begin = 0, end = 0] = offsets
    const count = shape.reduce((a, b) => a * b, 1)
    if (begin > end || end > data.byteLength || end - begin !== count * type.bytes) {
      return fail(`tensor ${name} [${shape}] claims bytes ${begin} to ${end} of ${data.byteLength}`)
    }
    const values = new Float32Array(count)
    for (let i = 0; i < count; i++) values[i] = type.read(data, begin + i * type.bytes)
    tensors.set(name, { shape, values })
  }
  return { tensors, metadata }
}

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0)

function halfToNumber(h: number): number {
  const sign = h & 0x8000 ? -1 : 1
  const exponent = (h >> 10) & 0x1f
  const fraction = h & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

const scratch = new DataView(new ArrayBuffer(4))

function bfloatToNumber(b: number): number {
  scratch.setUint32(0, b << 16)
  return scratch.getFloat32(0)
}
