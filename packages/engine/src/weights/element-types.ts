/** The element types that tensors have on disk, by safetensors' names, and how each is widened to f32. */

interface ElementType {
  bytes: number
  read: (view: DataView, offset: number, littleEndian: boolean) => number
}

export type ElementTypeName = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL'

export const elementTypes: Readonly<Record<ElementTypeName, ElementType>> = {
  F64: { bytes: 8, read: (v, o, le) => v.getFloat64(o, le) },
  F32: { bytes: 4, read: (v, o, le) => v.getFloat32(o, le) },
  F16: { bytes: 2, read: (v, o, le) => halfToNumber(v.getUint16(o, le)) },
  BF16: { bytes: 2, read: (v, o, le) => bfloatToNumber(v.getUint16(o, le)) },
  I64: { bytes: 8, read: (v, o, le) => Number(v.getBigInt64(o, le)) },
  I32: { bytes: 4, read: (v, o, le) => v.getInt32(o, le) },
  I16: { bytes: 2, read: (v, o, le) => v.getInt16(o, le) },
  I8: { bytes: 1, read: (v, o) => v.getInt8(o) },
  U8: { bytes: 1, read: (v, o) => v.getUint8(o) },
  BOOL: { bytes: 1, read: (v, o) => (v.getUint8(o) ? 1 : 0) },
}

export const isElementType = (name: unknown): name is ElementTypeName =>
  typeof name === 'string' && Object.hasOwn(elementTypes, name)

/**
 * The elements of `bytes`, which hold nothing else, as f32. Little-endian F32 at the start of its own buffer is taken over
 * as it lies, so that a large file is held once; everything else is copied.
 */
export function widen(
  type: ElementTypeName,
  bytes: Uint8Array<ArrayBuffer>,
  littleEndian = true,
): Float32Array<ArrayBuffer> {
  const { bytes: width, read } = elementTypes[type]
  const count = bytes.byteLength / width
  if (type === 'F32' && littleEndian) {
    const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength
    return new Float32Array(whole ? bytes.buffer : new Uint8Array(bytes).buffer)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const values = new Float32Array(count)
  for (let i = 0; i < count; i++) values[i] = read(view, i * width, littleEndian)
  return values
}

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
