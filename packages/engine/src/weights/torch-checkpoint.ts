/**
 * PyTorch's checkpoints, as torch.save writes them: a pickle of nested dicts, in which a tensor is a view (offset, shape,
 * strides) of a storage, and the storages' raw bytes. Two containers:
 *
 *   zip       NAME/data.pkl, NAME/data/KEY for each storage, NAME/byteorder     (PyTorch 1.6 and later)
 *   legacy    magic number, protocol, system, the pickle, the storages' keys (five pickles in a row), then for each storage
 *             its number of elements (i64) and its bytes
 *
 * Nothing of a file is executed (pickle.ts). Of a state dict only its own tensors are read, each storage once and by itself,
 * so that memory holds the weights and at most one storage beside them.
 */
import { type ByteSource, type Refuse, refusal } from './byte-source.ts'
import { type ElementTypeName, elementTypes, widen } from './element-types.ts'
import { readPickle } from './pickle.ts'
import type { StateDict } from './safetensors.ts'
import { openZip, readEntry, type ZipEntry } from './zip.ts'

interface Storage {
  kind: 'storage'
  key: string
  type: ElementTypeName
  /** Elements of the whole storage. */
  elements: number
  /** Where tensors count their offsets from: old files have views of storages. */
  first: number
}

interface TensorView {
  kind: 'tensor'
  storage: Storage
  /** In elements, as the strides are. */
  offset: number
  shape: number[]
  strides: number[]
}

interface Checkpoint {
  root: unknown
  littleEndian: boolean
  readStorage(storage: Storage): Promise<Uint8Array<ArrayBuffer>>
}

const largestPickle = 16 * 2 ** 20
/** ResNet-50 has 25.6 million. A file can name a storage again and again, so their sum is what must be bounded. */
const mostElements = 2 ** 28
const mostDimensions = 8
const magicNumber = 0x1950a86a20f9469cfc6cn
const legacyProtocol = 1001

/** Whether a file that begins with `head` may be a checkpoint. */
export const isTorchCheckpoint = (head: Uint8Array): boolean =>
  (head[0] === 0x50 && head[1] === 0x4b) || (head[0] === 0x80 && (head[1] ?? 0) <= 5)

/** The state dict that a checkpoint holds, by itself or in a dict around it. Throws BAD_WEIGHTS. */
export async function readTorchCheckpoint(source: ByteSource): Promise<StateDict> {
  const refuse = refusal(source.name, 'PyTorch checkpoint')
  const isZip = (await source.read(0, 1))[0] === 0x50
  const checkpoint = isZip ? await openZipped(source, refuse) : await openLegacy(source, refuse)
  return readTensors(findStateDict(checkpoint.root, refuse), checkpoint, refuse)
}

async function openZipped(source: ByteSource, refuse: Refuse): Promise<Checkpoint> {
  const entries = await openZip(source, refuse)
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name))
  const [pickle] = pickles
  if (pickle === undefined || pickles.length > 1)
    return refuse(`it is a zip archive with ${pickles.length} entries data.pkl, not one`)
  const folder = pickle.slice(0, -'data.pkl'.length)
  const entry = (name: string): ZipEntry => entries.get(folder + name) ?? refuse(`it has no entry ${folder}${name}`)

  const pickled = entry('data.pkl')
  if (pickled.size > largestPickle) refuse(`its data.pkl claims ${pickled.size} bytes`)
  const bytes = await readEntry(source, pickled, refuse)
  const { value: root } = readPickle(bytes, 0, pickleOptions(refuse))
  return { root, littleEndian: await isLittleEndian(source, entries.get(`${folder}byteorder`), refuse), readStorage }

  async function readStorage({ key, type, elements }: Storage): Promise<Uint8Array<ArrayBuffer>> {
    const stored = entry(`data/${key}`)
    const expected = elements * elementTypes[type].bytes
    if (stored.size !== expected) refuse(`its storage ${key} has ${stored.size} bytes where ${expected} belong`)
    return readEntry(source, stored, refuse)
  }
}

async function isLittleEndian(source: ByteSource, entry: ZipEntry | undefined, refuse: Refuse): Promise<boolean> {
  if (!entry) return true
  if (entry.size > 16) refuse('its byte order is neither little nor big')
  const order = new TextDecoder().decode(await readEntry(source, entry, refuse))
  if (order !== 'little' && order !== 'big') refuse('its byte order is neither little nor big')
  return order === 'little'
}

async function openLegacy(source: ByteSource, refuse: Refuse): Promise<Checkpoint> {
  const head = await source.read(0, Math.min(source.size, largestPickle))
  const storages = new Map<string, Storage>()
  const options = pickleOptions(refuse, (storage) => storages.set(storage.key, storage))
  const magic = readPickle(head, 0, options)
  if (magic.value !== magicNumber) refuse('it is a pickle, but not one that torch.save has written')
  const protocol = readPickle(head, magic.end, options)
  if (protocol.value !== legacyProtocol) refuse(`its format is not number ${legacyProtocol}, the only one there is`)
  const system = readPickle(head, protocol.end, options)
  const root = readPickle(head, system.end, options)
  const keys = readPickle(head, root.end, options)
  if (!Array.isArray(keys.value)) return refuse('it does not list its storages')

  const begins = new Map<string, number>()
  let at = keys.end
  for (const key of keys.value as unknown[]) {
    const storage = isKey(key) ? storages.get(String(key)) : undefined
    if (!storage || begins.has(storage.key)) return refuse('its list of storages is not that of its tensors')
    const { elements, type } = storage
    const counted = Number(new DataView((await source.read(at, 8)).buffer).getBigInt64(0, true))
    if (counted !== elements) refuse(`its storage ${storage.key} has ${counted} elements where ${elements} belong`)
    begins.set(storage.key, at + 8)
    at += 8 + elements * elementTypes[type].bytes
    if (at > source.size) refuse(`it is cut off in its storage ${storage.key}; copy or download it again`)
  }
  return {
    root: root.value,
    // The raw storages are, whatever machine wrote them.
    littleEndian: true,
    readStorage: ({ key, type, elements }) => {
      const begin = begins.get(key) ?? refuse(`it lacks its storage ${key}`)
      return source.read(begin, elements * elementTypes[type].bytes)
    },
  }
}

/** What state dicts are made of, and what stands beside them in the files of common training scripts. */
function pickleOptions(refuse: Refuse, onStorage?: (storage: Storage) => void) {
  const rebuild = (args: readonly unknown[]): TensorView => tensorView(args, refuse)
  const globals = new Map<string, unknown>([
    ['collections.OrderedDict', (args: readonly unknown[]) => orderedDict(args, refuse)],
    ['torch._utils._rebuild_tensor', rebuild],
    ['torch._utils._rebuild_tensor_v2', rebuild],
    ['torch._utils._rebuild_parameter', ([tensor]: readonly unknown[]) => tensor],
    ['torch.Size', ([sizes]: readonly unknown[]) => sizes],
    ...inertGlobals.map((name): [string, unknown] => [name, () => inert]),
  ])
  for (const [name, type] of Object.entries(storageTypes)) {
    globals.set(`torch.${name}`, type)
    globals.set(`torch.cuda.${name}`, type)
  }
  return {
    globals,
    persistent: (id: unknown) => {
      const storage = storageOf(id, refuse)
      onStorage?.(storage)
      return storage
    },
    // An OrderedDict carries the versions of its layers, which nothing here needs.
    hasAttributes: (object: unknown) => object instanceof Map || object === inert,
    refuse,
  }
}

/** An object that is read past. */
const inert = { kind: 'inert' }

const inertGlobals = [
  'argparse.Namespace',
  'fastcore.foundation.L',
  'torch.device',
  // Rates and the like, as numpy's scalars.
  'numpy.core.multiarray.scalar',
  'numpy._core.multiarray.scalar',
  'numpy.dtype',
  '_codecs.encode',
]

const storageTypes: Record<string, { kind: 'type'; type: ElementTypeName }> = Object.fromEntries(
  Object.entries({
    DoubleStorage: 'F64',
    FloatStorage: 'F32',
    HalfStorage: 'F16',
    BFloat16Storage: 'BF16',
    LongStorage: 'I64',
    IntStorage: 'I32',
    ShortStorage: 'I16',
    CharStorage: 'I8',
    ByteStorage: 'U8',
    BoolStorage: 'BOOL',
  } satisfies Record<string, ElementTypeName>).map(([name, type]) => [name, { kind: 'type', type }]),
)

/** Python 2 wrote numbers. */
const isKey = (key: unknown): key is string | number => typeof key === 'string' || typeof key === 'number'

/** ('storage', type, key, device, elements), and in old files a view of it: (key, first, elements) or None. */
function storageOf(id: unknown, refuse: Refuse): Storage {
  const [tag, type, key, , elements, view] = Array.isArray(id) ? (id as unknown[]) : []
  if (tag !== 'storage' || !isKind(type, 'type') || !isKey(key) || !isCount(elements))
    return refuse('it refers to something that is no storage: in PyTorch, save model.state_dict() by itself')
  const name = String(key)
  if (elements > mostElements) return refuse(`its storage ${name} claims ${elements} elements, far more than a ResNet`)
  const first = Array.isArray(view) ? view[1] : 0
  if (!isCount(first)) return refuse(`its storage ${name} has a view that begins nowhere`)
  return { kind: 'storage', key: name, type: type.type, elements, first }
}

/** (storage, offset, shape, strides, …) */
function tensorView([storage, offset, shape, strides]: readonly unknown[], refuse: Refuse): TensorView {
  if (!isKind(storage, 'storage') || !isCount(offset) || !isCounts(shape) || !isCounts(strides))
    return refuse('it has a tensor whose storage, offset, shape or strides are none')
  if (shape.length !== strides.length || shape.length > mostDimensions)
    return refuse(`it has a tensor of ${shape.length} dimensions and ${strides.length} strides`)
  const elements = product(shape)
  const begin = storage.first + offset
  const last = shape.reduce((at, size, d) => at + (size - 1) * (strides[d] ?? 0), begin)
  // A stride of 0 repeats elements; no weights do, and the tensor could be as large as it likes.
  if (elements > storage.elements || (elements > 0 && !(last < storage.elements)) || !(begin <= storage.elements))
    return refuse(
      `it has a tensor [${shape}] with strides [${strides}] from element ${begin} on, of a storage of ${storage.elements}`,
    )
  // Copies: what the pickle does with its lists later changes nothing that was checked.
  return { kind: 'tensor', storage, offset: begin, shape: [...shape], strides: [...strides] }
}

/** OrderedDict(), or with a list of pairs, as Python 2 wrote it. */
function orderedDict([pairs = []]: readonly unknown[], refuse: Refuse): Map<unknown, unknown> {
  if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2))
    return refuse('it has an OrderedDict of what is no list of pairs')
  return new Map(pairs as [unknown, unknown][])
}

const wrappers = ['state_dict', 'model_state_dict', 'model', 'net']

/** The dict that holds tensors, found through the dicts that training scripts put around it. */
function findStateDict(root: unknown, refuse: Refuse): Map<string, TensorView> {
  let dict = root
  // A dict may hold itself.
  for (let depth = 0; depth < 4 && dict instanceof Map; depth++) {
    const inside: Map<unknown, unknown> = dict
    const wrapped = wrappers.map((name) => inside.get(name)).find((value) => value instanceof Map)
    if (wrapped === undefined) break
    dict = wrapped
  }
  const tensors = new Map<string, TensorView>()
  if (dict instanceof Map) {
    for (const [name, value] of dict) if (typeof name === 'string' && isKind(value, 'tensor')) tensors.set(name, value)
  }
  if (tensors.size === 0) refuse('it holds no state dict: in PyTorch, save model.state_dict()')
  return tensors
}

async function readTensors(
  views: Map<string, TensorView>,
  { readStorage, littleEndian }: Checkpoint,
  refuse: Refuse,
): Promise<StateDict> {
  const byStorage = Map.groupBy(views, ([, { storage }]) => storage.key)
  const ofTensors = sum([...views.values()].map(({ shape }) => product(shape)))
  const ofStorages = sum([...byStorage.values()].map((group) => group[0]?.[1].storage.elements ?? 0))
  const most = Math.max(ofTensors, ofStorages)
  if (most > mostElements) refuse(`its tensors have ${most} elements, far more than a ResNet`)
  const values = new Map<string, Float32Array<ArrayBuffer>>()
  for (const group of byStorage.values()) {
    const [[, { storage }]] = group as [[string, TensorView]]
    const elements = widen(storage.type, await readStorage(storage), littleEndian)
    for (const [name, view] of group) {
      if (view.storage.type !== storage.type || view.storage.elements !== storage.elements)
        refuse(`its storage ${storage.key} is of two types or sizes`)
      values.set(name, group.length === 1 && isWhole(view) ? elements : gather(elements, view))
    }
  }
  return new Map(
    [...views].map(([name, { shape }]) => [name, { shape, values: values.get(name) as Float32Array<ArrayBuffer> }]),
  )
}

/** All of its storage, in order. */
const isWhole = (view: TensorView): boolean =>
  view.offset === 0 && product(view.shape) === view.storage.elements && isContiguous(view)

function isContiguous({ shape, strides }: TensorView): boolean {
  let expected = 1
  for (let d = shape.length - 1; d >= 0; d--) {
    if (shape[d] !== 1 && strides[d] !== expected) return false
    expected *= shape[d] ?? 1
  }
  return true
}

/** The elements of a view in row-major order. */
function gather(elements: Float32Array, view: TensorView): Float32Array<ArrayBuffer> {
  const { offset, shape, strides } = view
  const count = product(shape)
  if (isContiguous(view)) return new Float32Array(elements.subarray(offset, offset + count))
  const values = new Float32Array(count)
  const index = shape.map(() => 0)
  for (let i = 0, at = offset; i < count; i++) {
    values[i] = elements[at] ?? Number.NaN
    // Like an odometer: the last dimension moves, and carries into those before it.
    for (let d = shape.length - 1; d >= 0; d--) {
      at += strides[d] ?? 0
      if (++index[d]! < (shape[d] ?? 0)) break
      at -= (strides[d] ?? 0) * (shape[d] ?? 0)
      index[d] = 0
    }
  }
  return values
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0)

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isCounts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount)

interface Kinds {
  storage: Storage
  tensor: TensorView
  type: { kind: 'type'; type: ElementTypeName }
}

/** Only the functions above make objects with a kind: whatever a pickle makes by itself has none. */
const isKind = <K extends keyof Kinds>(value: unknown, kind: K): value is Kinds[K] =>
  typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
