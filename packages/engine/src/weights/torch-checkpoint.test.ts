import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { EngineError } from '../errors.ts'
import { readWeightsFile } from './file.ts'
import { assemble, bytesSource, type FakeEntry, integer, text, u32, zipOf } from './testing.ts'
import { readTorchCheckpoint } from './torch-checkpoint.ts'

const goldens = new URL('./goldens/', import.meta.url)
const golden = (name: string): Uint8Array => readFileSync(new URL(name, goldens))
const expected: Record<string, { shape: number[]; values: number[] }> = JSON.parse(
  readFileSync(new URL('goldens.json', goldens), 'utf8'),
)

const read = (bytes: Uint8Array) => readTorchCheckpoint(bytesSource(bytes))

/** What refuses a file, which must be nothing but BAD_WEIGHTS naming it. */
async function refused(bytes: Uint8Array): Promise<string> {
  const error = await read(bytes).then(
    () => new Error('it was read'),
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(EngineError)
  expect(error).toMatchObject({ code: 'BAD_WEIGHTS', message: expect.stringContaining('evil.pth') })
  return (error as EngineError).message
}

test.each(['zip.pth', 'legacy.pth'])(
  '%s is read as PyTorch reads it: half, bfloat16, double and integers, strided views and shared storages',
  async (name) => {
    const tensors = await read(golden(name))
    const found = Object.fromEntries(
      [...tensors].map(([key, { shape, values }]) => [key, { shape: [...shape], values: [...values] }]),
    )
    expect(found).toEqual(expected)
  },
)

test("what training scripts put around a state dict is read past, and fastai's numbered layers get torchvision's names", async () => {
  const plain = await readWeightsFile(new URL('protocol4.pth', goldens).pathname)
  const script = await readWeightsFile(new URL('script.pth', goldens).pathname)
  expect(script.tensors).toEqual(plain.tensors)
  expect([...plain.tensors.keys()]).toEqual(['conv1.weight', 'bn1.running_mean'])
  const fastai = await readWeightsFile(new URL('fastai.pth', goldens).pathname)
  expect([...fastai.tensors].map(([name, { values }]) => [name, values[0]])).toEqual([
    ['conv1.weight', 1],
    ['bn1.running_mean', 0],
    ['layer1.0.conv1.weight', 1],
    ['layer4.1.bn2.bias', 7],
    ['head.bn1.weight', 2],
    ['head.fc1.weight', 4],
    ['head.bn2.bias', 6],
    ['head.fc2.weight', 8],
  ])
})

const trained = new URL('../../../../../shared/weights/resnet18-cifar7.pth', import.meta.url).pathname

test('every tensor of a trained ResNet-18 has the bytes that PyTorch reads', async ({ skip }) => {
  if (!existsSync(trained)) skip('the trained weights, ../shared/weights/resnet18-cifar7.pth, are not on this machine')
  const digests: Record<string, string> = JSON.parse(readFileSync(new URL('resnet18.json', goldens), 'utf8'))
  const { tensors } = await readWeightsFile(trained)
  const found = [...tensors].map(([name, { values }]) => [name, createHash('sha256').update(values).digest('hex')])
  expect(Object.fromEntries(found)).toEqual(digests)
})

test('a whole module is refused, naming what it wants to be run', async () => {
  expect(await refused(golden('module.pth'))).toMatch(/wants torch\.nn\.modules\.linear\.Linear.*state_dict\(\)/)
})

test('cut off anywhere, a checkpoint is refused and never half read', async () => {
  for (const name of ['zip.pth', 'legacy.pth']) {
    const whole = golden(name)
    for (let length = 0; length < whole.length; length++) await refused(whole.subarray(0, length))
  }
})

test('with any byte changed, a checkpoint is read or refused, and nothing else happens', async () => {
  for (const name of ['zip.pth', 'legacy.pth', 'fastai.pth']) {
    const whole = golden(name)
    for (let at = 0; at < whole.length; at++) {
      for (const change of [0x01, 0x80, 0xff]) {
        const bytes = Uint8Array.from(whole)
        bytes[at]! ^= change
        const outcome = await read(bytes).then(
          () => 'read',
          (error: unknown) => (error instanceof EngineError ? error.code : error),
        )
        expect(['read', 'BAD_WEIGHTS']).toContain(outcome)
      }
    }
  }
})

/** A zip checkpoint of this pickle, with a storage `0` of four floats. */
const checkpoint = (pickle: Uint8Array, more: readonly FakeEntry[] = []): Uint8Array =>
  zipOf([
    { name: 'x/data.pkl', data: pickle },
    { name: 'x/data/0', data: new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer) },
    ...more,
  ])

/** An id of storage `key` with as many elements as it says. */
const storage = (key: string, elements: Uint8Array): Uint8Array =>
  assemble('(', text('storage'), 'ctorch\nFloatStorage\n', text(key), text('cpu'), elements, 'tQ')

/** The pickle of { w: tensor } with these numbers, whatever they are. */
const tensorPickle = (given: {
  storage?: Uint8Array
  offset?: Uint8Array
  shape?: Uint8Array
  strides?: Uint8Array
}): Uint8Array => {
  const { storage: of = storage('0', integer(4n)), offset = integer(0n) } = given
  const { shape = assemble(integer(4n), 0x85), strides = assemble(integer(1n), 0x85) } = given
  const tensor = assemble('ctorch._utils\n_rebuild_tensor_v2\n(', of, offset, shape, strides, 0x89, 'NtR')
  return assemble(0x80, 2, '}', text('w'), tensor, 's.')
}

test('the hand-made checkpoint that the hostile ones below are made from is read', async () => {
  expect([...(await read(checkpoint(tensorPickle({})))).values()]).toEqual([
    { shape: [4], values: Float32Array.of(1, 2, 3, 4) },
  ])
})

test.each([
  ['os.system', assemble(0x80, 2, 'cos\nsystem\n', text('id'), 0x85, 'R.')],
  ['posix.system', assemble(0x80, 2, 'cposix\nsystem\n', text('id'), 0x85, 'R.')],
  ['builtins.eval', assemble(0x80, 4, text('builtins'), text('eval'), 0x93, text('1'), 0x85, 'R.')],
  ['torch.load', assemble(0x80, 2, 'ctorch\nload\n', text('/etc/passwd'), 0x85, 'R.')],
  [
    'collections.OrderedDict.__reduce__',
    assemble(0x80, 4, text('collections'), text('OrderedDict.__reduce__'), 0x93, '.'),
  ],
  ['torch.constructor', assemble(0x80, 2, 'ctorch\nconstructor\n.')],
])('%s is refused by name and never called', async (name, pickle) => {
  expect(await refused(checkpoint(pickle))).toContain(`it wants ${name},`)
})

test.each([
  ['calls what is no function', assemble(0x80, 2, '}', ')', 'R.')],
  ['calls what is no function', assemble(0x80, 2, 'ctorch\nFloatStorage\n', ')', 'R.')],
  ['sets attributes of what can have none', assemble(0x80, 2, 'ctorch\nFloatStorage\n', '}', 'b.')],
  ['sets attributes of what can have none', assemble(0x80, 2, ']', '}', 'b.')],
  ['instruction 0x69', assemble(0x80, 2, '(ios\nsystem\n.')],
  ['instruction 0x82', assemble(0x80, 2, 0x82, 1, '.')],
  ['an integer of 4294967295 bytes', assemble(0x80, 2, 0x8b, u32(0xffffffff), '.')],
  ['an integer of 200 bytes', assemble(0x80, 2, 0x8a, 200, new Uint8Array(200), '.')],
  ['is cut off', assemble(0x80, 2, 'X', u32(0xffffffff), 'x.')],
  ['beyond 255 letters', assemble(0x80, 2, 'c', 'a'.repeat(300), '\nx\n.')],
  ['never memoised', assemble(0x80, 2, 'h', 7, '.')],
  ['empty stack', assemble(0x80, 2, '.')],
  ['never set', assemble(0x80, 2, 't.')],
  ['no list', assemble(0x80, 2, '}', 'N', 'a.')],
  ['no dict', assemble(0x80, 2, ']', 'NN', 's.')],
  ['unknown protocol', assemble(0x80, 9, '.')],
  ['more than 1000000 instructions', assemble(0x80, 2, '}'.repeat(1_000_001), '.')],
  ['no state dict', assemble(0x80, 2, '}.')],
  ['no storage', assemble(0x80, 2, '(', text('module'), 'ctorch\nFloatStorage\n', text('0'), 'tQ.')],
])('a pickle that %s is refused', async (reason, pickle) => {
  expect(await refused(checkpoint(pickle))).toContain(reason)
})

test('what is shared stays shared: a tuple doubled ten thousand times over, and a dict within itself, end at once', async () => {
  const doubled = assemble(0x80, 2, ')', '2\x86'.repeat(10_000), '.')
  const spelt = assemble(doubled.subarray(0, -1), text('x'), 0x93, '.')
  const within = assemble(0x80, 2, '}', 'q', 0, text('state_dict'), 'h', 0, 's.')
  const started = performance.now()
  await refused(checkpoint(doubled))
  expect(await refused(checkpoint(spelt))).toContain('by no text')
  await refused(checkpoint(within))
  expect(performance.now() - started).toBeLessThan(2000)
})

test.each([
  ['more elements than its storage', { shape: assemble(integer(5n), 0x85) }],
  [
    'a shape that repeats one element',
    { shape: assemble(integer(1n << 40n), 0x85), strides: assemble(integer(0n), 0x85) },
  ],
  ['a negative size', { shape: assemble(integer(-1n), 0x85) }],
  ['a size that is not a number', { shape: assemble('G', Buffer.from('7ff8000000000000', 'hex'), 0x85) }],
  ['a size of text', { shape: assemble(text('4'), 0x85) }],
  [
    'a product beyond all numbers',
    {
      shape: assemble(integer(1n << 50n), integer(1n << 50n), 0x86),
      strides: assemble(integer(1n), integer(1n), 0x86),
    },
  ],
  ['a negative stride', { strides: assemble(integer(-1n), 0x85) }],
  ['a stride beyond its storage', { strides: assemble(integer(2n), 0x85) }],
  ['fewer strides than sizes', { strides: assemble(')') }],
  ['an offset beyond its storage', { offset: integer(1n) }],
  ['a negative offset', { offset: integer(-1n) }],
  ['a storage that is text', { storage: text('0') }],
  ['a storage that is not there', { storage: storage('1', integer(4n)) }],
  ['a storage named out of the archive', { storage: storage('../../x/data/0', integer(4n)) }],
  ['a storage of more bytes than are there', { storage: storage('0', integer(5n)) }],
  [
    'a storage of fewer bytes than are there',
    { storage: storage('0', integer(3n)), shape: assemble(integer(3n), 0x85) },
  ],
  ['a storage of a negative size', { storage: storage('0', integer(-4n)) }],
  ['a storage of a petabyte', { storage: storage('0', integer(1n << 48n)) }],
])('a tensor with %s is refused', async (_, given) => {
  await refused(checkpoint(tensorPickle(given)))
})

test('a shape that is changed after it was checked changes nothing', async () => {
  const shape = assemble(']', 'q', 0, integer(4n), 'a')
  const pickle = tensorPickle({ shape })
  const late = assemble(pickle.subarray(0, -1), 'h', 0, integer(1n << 40n), 'a', '0.')
  expect((await read(checkpoint(late))).get('w')).toEqual({ shape: [4], values: Float32Array.of(1, 2, 3, 4) })
})

test('one storage named again and again does not grow beyond what a ResNet may have', async () => {
  const large = new Uint8Array(4 * 2 ** 22)
  const one = assemble('ctorch._utils\n_rebuild_tensor_v2\n(', storage('1', integer(1n << 22n)), integer(0n))
  const tensor = assemble(one, integer(1n << 22n), 0x85, integer(1n), 0x85, 0x89, 'NtR', 'q', 0)
  const again = Array.from({ length: 100 }, (_, i) => assemble(text(`w${i}`), 'h', 0, 's'))
  const pickle = assemble(0x80, 2, '}', text('w'), tensor, 's', ...again, '.')
  expect(await refused(checkpoint(pickle, [{ name: 'x/data/1', data: large, deflate: true }]))).toContain(
    'far more than',
  )
})

test('a big-endian file is read by its own order, and an unknown order refused', async () => {
  const swapped = Buffer.from(Float32Array.of(1, -2, 0.5, 3e8).buffer).swap32()
  const file = (order: string) =>
    zipOf([
      { name: 'x/data.pkl', data: tensorPickle({}) },
      { name: 'x/data/0', data: swapped },
      { name: 'x/byteorder', data: Buffer.from(order) },
    ])
  expect((await read(file('big'))).get('w')?.values).toEqual(Float32Array.of(1, -2, 0.5, 3e8))
  expect(await refused(file('middle'))).toContain('byte order')
})

test('deflated entries are read', async () => {
  const data = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer)
  const file = zipOf([
    { name: 'x/data.pkl', data: tensorPickle({}), deflate: true },
    { name: 'x/data/0', data, deflate: true },
  ])
  expect((await read(file)).get('w')?.values).toEqual(Float32Array.of(1, 2, 3, 4))
})

const large = new Uint8Array(64 * 2 ** 20)

test.each<[string, FakeEntry['claim'], RegExp]>([
  ['claims to be stored in another size', { size: 20 }, /two sizes/],
  ['claims more bytes than there are', { packed: 1e7, size: 1e7 }, /more than there are/],
  ['claims to begin elsewhere', { offset: 5 }, /does not begin/],
  ['claims to begin beyond the end', { offset: 4e9 }, /begins beyond its end/],
  ['claims to inflate without end', { method: 8, size: 1e7 }, /claims to inflate/],
  ['claims 64-bit sizes that it lacks', { size: 0xffffffff }, /lacks its size/],
  ['is no deflate stream', { method: 8 }, /does not inflate/],
  ['is packed by an unknown method', { method: 99 }, /method 99/],
  ['is encrypted', { flags: 1 }, /encrypted/],
  ['has another checksum', { crc: 1 }, /damaged/],
])('an archive whose entry %s is refused', async (_, claim, reason) => {
  const file = zipOf([{ name: 'x/data.pkl', data: tensorPickle({}), claim: claim ?? {} }])
  expect(await refused(file)).toMatch(reason)
})

test.each<[string, readonly FakeEntry[], RegExp]>([
  ['whose data.pkl is a bomb', [{ name: 'x/data.pkl', data: large, deflate: true }], /claims 67108864 bytes/],
  [
    'whose data.pkl inflates to more than it claims',
    [{ name: 'x/data.pkl', data: large, deflate: true, claim: { size: 1000 } }],
    /does not inflate to the 1000 bytes/,
  ],
  ['without data.pkl', [{ name: 'x/data/0', data: large.subarray(0, 8) }], /0 entries data\.pkl/],
  ['with names that climb out of it', [{ name: '../../data.pkl', data: tensorPickle({}) }], /0 entries data\.pkl/],
  [
    'with two data.pkl',
    ['x', 'y'].map((folder) => ({ name: `${folder}/data.pkl`, data: tensorPickle({}) })),
    /2 entries data\.pkl/,
  ],
  [
    'with an entry twice',
    [0, 1].map(() => ({ name: 'x/data.pkl', data: tensorPickle({}) })),
    /two entries called x\/data\.pkl/,
  ],
])('an archive %s is refused', async (_, entries, reason) => {
  expect(await refused(zipOf(entries))).toMatch(reason)
})

test('a legacy file whose numbers are bottomless tuples is refused at once', async () => {
  const bottomless = assemble(0x80, 2, ')', '2\x86'.repeat(1000), '.')
  const magic = golden('legacy.pth').subarray(0, 15)
  expect(await refused(assemble(magic, bottomless))).toContain('not number 1001')
  await refused(bottomless)
})

test('a pickle that is not a checkpoint is refused', async () => {
  expect(await refused(assemble(0x80, 2, '}.'))).toContain('not one that torch.save has written')
})
