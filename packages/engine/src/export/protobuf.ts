/** Writing protobuf: as chunks in order, so that large tensors are never copied. */

/** Encoded fields. */
export type Message = readonly Uint8Array[]

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  return Uint8Array.from([...bytes, rest])
}

/** A field of wire type 0: a whole number from 0. */
export const number = (field: number, value: number): Message => [varint(field * 8), varint(value)]

/** A field of wire type 2: a string, raw bytes, or a message, which is the fields that it consists of. */
export function bytes(field: number, ...content: (string | Uint8Array | Message)[]): Message {
  const body = content.flatMap((part): Message => {
    if (typeof part === 'string') return [new TextEncoder().encode(part)]
    return part instanceof Uint8Array ? [part] : part
  })
  return [varint(field * 8 + 2), varint(body.reduce((sum, { length }) => sum + length, 0)), ...body]
}
