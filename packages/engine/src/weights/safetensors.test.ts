import { expect, test } from 'vitest'
import { EngineError } from '../errors.ts'
import { decodeSafetensors, encodeSafetensors, type WeightsFile } from './safetensors.ts'

const bytesOf = (file: WeightsFile): Uint8Array => Buffer.concat([...encodeSafetensors(file)])

/** A file with this header, whatever it says, and `data` bytes after it. */
function crafted(header: unknown, data = 8, length?: number): Uint8Array {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header))
  const head = Buffer.alloc(8)
  head.writeBigUInt64LE(BigInt(length ?? json.length))
  return Buffer.concat([head, json, Buffer.alloc(data)])
}

test('tensors and metadata come back as they were written', () => {
  const tensors = new Map([
    ['conv1.weight', { shape: [2, 1, 1, 2], values: new Float32Array([1, -2.5, 3e-8, 4]) }],
    ['bn1.bias', { shape: [1], values: new Float32Array([0.1]) }],
  ])
  const file = { tensors, metadata: { arch: 'resnet18', classes: '["Pfifferling","Königs-Fliegenpilz"]' } }
  expect(decodeSafetensors(bytesOf(file), 'x')).toEqual(file)
})

test('half precision rounds what has two dimensions or more, and refuses what it cannot hold', () => {
  const file = (value: number): WeightsFile => ({
    tensors: new Map([
      ['fc.weight', { shape: [1, 3], values: new Float32Array([value, 1 / 3, 2 ** -24]) }],
      ['fc.bias', { shape: [1], values: new Float32Array([1 / 3]) }],
    ]),
    metadata: {},
  })
  const bytes = Buffer.concat([...encodeSafetensors(file(65504), { half: true })])
  const { tensors } = decodeSafetensors(bytes, 'x')
  // The half nearest to a third is 1365 / 4096.
  expect([...(tensors.get('fc.weight')?.values ?? [])]).toEqual([65504, 1365 / 4096, 2 ** -24])
  expect(tensors.get('fc.bias')?.values).toEqual(new Float32Array([1 / 3]))
  expect(() => [...encodeSafetensors(file(70000), { half: true })]).toThrow(
    'fc.weight holds 70000, too large for half precision: write it in f32',
  )
})

test('half, bfloat16, double and integer tensors are read as f32', () => {
  const data = Buffer.alloc(28)
  data.writeUInt16LE(0x3555, 0) // f16 0.33325195
  data.writeUInt16LE(0xfbff, 2) // f16 -65504
  data.writeUInt16LE(0x3eab, 4) // bf16 0.33398438
  data.writeUInt16LE(0x0001, 6) // f16 2^-24
  data.writeDoubleLE(0.1, 8)
  data.writeBigInt64LE(-7n, 16)
  data.writeInt32LE(9, 24)
  const header = {
    half: { dtype: 'F16', shape: [2], data_offsets: [0, 4] },
    brain: { dtype: 'BF16', shape: [1], data_offsets: [4, 6] },
    tiny: { dtype: 'F16', shape: [1], data_offsets: [6, 8] },
    double: { dtype: 'F64', shape: [1], data_offsets: [8, 16] },
    long: { dtype: 'I64', shape: [], data_offsets: [16, 24] },
    int: { dtype: 'I32', shape: [1], data_offsets: [24, 28] },
  }
  const file = Buffer.concat([crafted(header, 0), data])
  const values = (name: string) => [...(decodeSafetensors(file, 'x').tensors.get(name)?.values ?? [])]
  expect(values('half')).toEqual([0.333251953125, -65504])
  expect(values('brain')).toEqual([0.333984375])
  expect(values('tiny')).toEqual([2 ** -24])
  expect(values('double')).toEqual([Math.fround(0.1)])
  expect(values('long')).toEqual([-7])
  expect(values('int')).toEqual([9])
})

const tensor = (entry: object) => ({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...entry } })

const entry = (begin: number, end: number): string =>
  JSON.stringify({ dtype: 'F32', shape: [2], data_offsets: [begin, end] })

test.each([
  ['an empty file', new Uint8Array(0), /has 0 bytes/],
  ['a header longer than the file', crafted({}, 8, 1e6), /claims 1000000 bytes/],
  ['a header of a petabyte', crafted({}, 8, 1e15), /claims/],
  ['a header that is not JSON', crafted('{"w":', 8), /not JSON/],
  ['a header that is a list', crafted([], 8), /not an object/],
  ['offsets past the end', crafted(tensor({ data_offsets: [8, 16] })), /claims bytes 8 to 16 of 8/],
  ['offsets backwards', crafted(tensor({ data_offsets: [8, 0] })), /claims bytes/],
  ['negative offsets', crafted(tensor({ data_offsets: [-8, 0] })), /no valid shape and offsets/],
  ['a shape that does not fit its bytes', crafted(tensor({ shape: [3] })), /claims bytes/],
  ['a shape that overflows', crafted(tensor({ shape: [2 ** 40, 2 ** 40] })), /claims bytes/],
  ['an unknown type', crafted(tensor({ dtype: 'F8_E5M2' })), /type F8_E5M2/],
  ['a type that every object has', crafted(tensor({ dtype: 'constructor' })), /type constructor/],
  ['a type without bottom', crafted(`{"w":{"dtype":${'['.repeat(1e5)}${']'.repeat(1e5)}}}`), /type object/],
  ['a shape of a hundred thousand sizes', crafted(tensor({ shape: Array(1e5).fill(1) })), /no valid shape/],
  ['a tensor that is null', crafted({ w: null }), /type undefined/],
  ['a name that is there twice', crafted(`{"w":${entry(0, 8)},"\\u0077":${entry(0, 8)}}`), /names w twice/],
  ['a field that is there twice', crafted(`{"w":{"shape":[1],"shape":[2]}}`), /names shape twice/],
  ['two tensors in one place', crafted(`{"a":${entry(0, 8)},"b":${entry(0, 8)}}`), /begins at byte 0, where 8/],
  ['tensors that overlap', crafted(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12), /begins at byte 4, where 8/],
  ['a hole between tensors', crafted(`{"a":${entry(0, 8)},"b":${entry(12, 20)}}`, 20), /begins at byte 12, where 8/],
  ['data after the last tensor', crafted(tensor({}), 12), /end at byte 8 of 12/],
  ['metadata that are not text', crafted({ __metadata__: { a: 1 }, ...tensor({}) }), /not strings by name/],
  ['metadata that are a list', crafted({ __metadata__: [], ...tensor({}) }), /not strings by name/],
  ['a header nested a million deep', crafted('['.repeat(1e6)), /not JSON/],
  ['a header of one long text', crafted(`{"${'\\n'.repeat(3e6)}":1}`), /tensor \n{390,400}…$/],
])('%s is refused, by name and reason', (_, bytes, reason) => {
  expect(() => decodeSafetensors(bytes, 'evil.safetensors')).toThrow(reason)
  expect(() => decodeSafetensors(bytes, 'evil.safetensors')).toThrow(/evil\.safetensors/)
})

test('cut off anywhere or with any byte changed, a file is refused or read, and nothing else happens', () => {
  const tensors = new Map([
    ['a', { shape: [2], values: new Float32Array([1, 2]) }],
    ['none', { shape: [0, 3], values: new Float32Array() }],
    ['__proto__', { shape: [], values: new Float32Array([3]) }],
  ])
  const whole = bytesOf({ tensors, metadata: { note: 'a "quoted", {bracketed} [text]: \\' } })
  expect(decodeSafetensors(whole, 'x').tensors).toEqual(tensors)
  const outcome = (bytes: Uint8Array): string => {
    try {
      decodeSafetensors(bytes, 'x')
      return 'read'
    } catch (error) {
      return error instanceof EngineError ? error.code : String(error)
    }
  }
  for (let at = 0; at < whole.length; at++) {
    expect(outcome(whole.subarray(0, at))).toBe('BAD_WEIGHTS')
    for (const change of [0x01, 0x20, 0xff]) {
      const bytes = Uint8Array.from(whole)
      bytes[at]! ^= change
      expect(['read', 'BAD_WEIGHTS']).toContain(outcome(bytes))
    }
  }
})
